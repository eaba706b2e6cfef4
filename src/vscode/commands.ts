/** Every command id, typed once; a unit test holds them against package.json. */
export const command = {
  runAll: 'runweave.runAll',
  runTask: 'runweave.runTask',
  runTaskForced: 'runweave.runTaskForced',
  stop: 'runweave.stop',
  stopTask: 'runweave.stopTask',
  toggleWatch: 'runweave.toggleWatch',
  watchOn: 'runweave.watchOn',
  watchOff: 'runweave.watchOff',
  showGraph: 'runweave.showGraph',
  showPlan: 'runweave.showPlan',
  /** On a task: why it runs, each reason as a difference. */
  explainTask: 'runweave.explainTask',
  openLatestRun: 'runweave.openLatestRun',
  openRun: 'runweave.openRun',
  /** On a file or folder of any format: what is in it, without importing. */
  openFile: 'runweave.openFile',
  importRuns: 'runweave.importRuns',
  exportRuns: 'runweave.exportRuns',
  openTracker: 'runweave.openTracker',
  refresh: 'runweave.refresh',
  selectPipeline: 'runweave.selectPipeline',
  init: 'runweave.init',
  openPipelineFile: 'runweave.openPipelineFile',
  showLogs: 'runweave.showLogs',
  restartExecutor: 'runweave.restartExecutor',
  /** On a task: its source, what it printed, a file that it made. */
  openSource: 'runweave.openSource',
  openTaskLog: 'runweave.openTaskLog',
  openOutput: 'runweave.openOutput',
  /** On a run. */
  retryRun: 'runweave.retryRun',
  retryTask: 'runweave.retryTask',
  restoreParameters: 'runweave.restoreParameters',
  restoreSources: 'runweave.restoreSources',
  revealRun: 'runweave.revealRun',
  /** Where it comes from, when it ran, which of the causes is the bad one. */
  trace: 'runweave.trace',
  traceForward: 'runweave.traceForward',
  taskHistory: 'runweave.taskHistory',
  flagOutput: 'runweave.flagOutput',
  review: 'runweave.review',
  /** Folders of records, and how the *Runs* view shows them. */
  openRecords: 'runweave.openRecords',
  closeRecords: 'runweave.closeRecords',
  groupRuns: 'runweave.groupRuns',
  showMoreRuns: 'runweave.showMoreRuns',
  copyRunId: 'runweave.copyRunId',
} as const;

export type Command = (typeof command)[keyof typeof command];

/** Keys for `when` and `enablement` clauses. */
export const contextKey = {
  hasPipeline: 'runweave.hasPipeline',
  /** There is a folder of records, be it that of a pipeline or one that was opened. */
  hasRecords: 'runweave.hasRecords',
  /** Folders of records were opened besides those of the workspace. */
  openedRecords: 'runweave.openedRecords',
  /** The workspace was searched, so that a welcome text does not flash up before. */
  searched: 'runweave.searched',
  severalPipelines: 'runweave.severalPipelines',
  running: 'runweave.running',
  watching: 'runweave.watching',
} as const;

export type ContextKey = (typeof contextKey)[keyof typeof contextKey];

/** Ids of views and editors, as in package.json. */
export const view = { pipeline: 'runweave.pipeline', runs: 'runweave.runs', graph: 'runweave.graph', run: 'runweave.run', file: 'runweave.file', tracker: 'runweave.tracker', lineage: 'runweave.lineage' } as const;
