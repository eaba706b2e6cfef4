/** What stops an export and is not our fault, in one sentence for people. Made a value in `exportRuns`. */
export class ExportError extends Error {}
