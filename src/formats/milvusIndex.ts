/** Parameters of Milvus 2.x's indexes, within the limits of Milvus 2.3 (docs, «In-memory Index»). */

/** Range of each, and what is taken where nobody says. */
const LIMITS = {
  nlist: { min: 1, max: 65_536, usual: 1024 },
  M: { min: 4, max: 64, usual: 16 },
  efConstruction: { min: 8, max: 512, usual: 200 },
} as const;

export type IndexParameter = keyof typeof LIMITS;

/** What Milvus takes of what the source had. @param tell gets a line where that is another number; absent: nobody hears */
export function indexParameter(name: IndexParameter, given: number | undefined, tell?: (text: string) => void): number {
  const { min, max, usual } = LIMITS[name];
  if (given === undefined) return usual;
  const taken = Math.min(Math.max(given, min), max);
  if (taken !== given) tell?.(`index parameter ${name} ${given} → ${taken} (Milvus 2.x takes ${min} to ${max})`);
  return taken;
}
