/** The library: `import { migrate, plan } from 'milvus-migrate'`. */
export type {
  DeclaredField,
  ElasticAccess,
  ElasticChoices,
  ElasticCredentials,
  ElasticsearchSource,
} from './config/elasticsearch.ts';
export type {
  DumpedSource,
  IndexChoice,
  JobConfig,
  JobStages,
  MergeConfig,
  Milvus1xSource,
  PluginSource,
  SourceConfig,
  TargetConfig,
} from './config/job.ts';
export {
  type CredentialsChoice,
  type ElasticChoice,
  type FilesChoice,
  type JobChoices,
  jobConfig,
  type SourceChoice,
  type StoreChoice,
  type TargetChoice,
} from './config/jobConfig.ts';
export { Secret } from './config/secret.ts';
export type { Batch, Column, RefusedRow } from './core/batch.ts';
export type {
  Dataset,
  DroppedRows,
  Json,
  KeyBatch,
  Note,
  ObjectStoreConfig,
  OpenStore,
  Partition,
  PlanHint,
  ReaderConfig,
  Slab,
  SlabRing,
  Source,
  SourceReader,
  StoreCredentials,
} from './core/contracts.ts';
export { ERROR_EXIT, type ErrorCode, EXIT, MigrateError, type PlainError } from './core/errors.ts';
export type { FileFormat, JobPlan, PlannedCollection, PlannedPartition, PlanReport, WriteMode } from './core/plan.ts';
export type { CollectionReport, ProgressEvent, Report, StageName } from './core/report.ts';
export type { Field, FieldType, MetricType, ScalarType, Schema } from './core/schema.ts';
export type { TransformStep } from './core/transformSteps.ts';
export type { CleanedJob } from './run/cleanJob.ts';
export { type LiveCounters, migrate, plan, type RunOptions } from './run/job.ts';
export { cleanJob, forgetJob, type JobSummary, type JobsPlace, listJobs, resumeConfig, showJob } from './run/jobs.ts';
export type {
  BatchesOptions,
  OpenedSource,
  PluginDataset,
  PluginPartition,
  PluginReader,
  PluginRow,
  PluginRows,
  PluginSchema,
  ReaderPluginContext,
  SourcePlugin,
  SourcePluginContext,
} from './sources/plugin/api.ts';
export type {
  TransformBatch,
  TransformContext,
  TransformFunction,
  TransformModule,
  TransformValues,
} from './transforms/module/api.ts';
export { TOOL_VERSION } from './version.ts';
