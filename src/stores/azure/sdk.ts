/** Loads Azure's SDK beforehand, for a thread that will need it (`run/places/foreseen.ts`); readers may never. */
import { loadPackage } from '../../core/loadPackage.ts';

loadPackage('@azure/storage-blob');
