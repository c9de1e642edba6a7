/** Compiled from wasm/nonFinite.ts by scripts/kernels.mjs: not to be edited. */

/** SHA-256 of the source. */
export const KERNEL_SOURCE = '9fbbc4827d26775d663423be48494f42c6f32bc73ab2eb56307db6ee338a73cd';

/** The module, base64. */
export const KERNEL_BYTES = [
  'AGFzbQEAAAABBwFgAn9/AX8CEgEDZW52Bm1lbW9yeQIDAYCABAMCAQAHGwIOZmlyc3ROb25GaW5pdGUAAAZtZW1vcnkCAAqVAgGS',
  'AgEBfwNAIABBQGsiAiABTQRAIAD9AAQA/Qz///9/////f////3////9//U79DAAAgAAAAIAAAACAAAAAgAD9rgEgAP0ABBD9DP//',
  '/3////9/////f////3/9Tv0MAACAAAAAgAAAAIAAAACAAP2uAf1QIAD9AAQg/Qz///9/////f////3////9//U79DAAAgAAAAIAA',
  'AACAAAAAgAD9rgEgAP0ABDD9DP///3////9/////f////3/9Tv0MAACAAAAAgAAAAIAAAACAAP2uAf1Q/VD9pAFFBEAgAiEADAIL',
  'CwsDQCAAIAFJBEAgACgCAEH/////B3FBgICA/AdPBEAgAA8LIABBBGohAAwBCwsgAQs=',
].join('');
