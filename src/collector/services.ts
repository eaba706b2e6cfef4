/** What running tasks can report with. */
import { mlflow } from './mlflow/mlflow-service.ts';
import { otlp } from './otlp/otlp-service.ts';
import type { ServiceFactory } from './service.ts';

export const services: readonly ServiceFactory[] = [otlp, mlflow];
