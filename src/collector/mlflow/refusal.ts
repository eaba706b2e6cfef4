/**
 * What the client asked for and does not get, in MLflow's words. A refusal is thrown where it is found, several calls
 * below the endpoint, and caught in one place (`mlflow-service.ts`): it is the client's mistake, never one of ours.
 */
import type { ServiceResponse } from '../service.ts';

/**
 * Error codes with their HTTP status, as `ERROR_CODE_TO_HTTP_STATUS` in `mlflow/exceptions.py` has them. Only codes that
 * the client does not retry: it would wait for minutes on 429, 500 and 503.
 */
const statusOf = {
  BAD_REQUEST: 400,
  INVALID_PARAMETER_VALUE: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  RESOURCE_DOES_NOT_EXIST: 404,
  ENDPOINT_NOT_FOUND: 404,
  NOT_IMPLEMENTED: 501,
} as const;

export type ErrorCode = keyof typeof statusOf;

export class Refusal extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function invalid(message: string): Refusal {
  return new Refusal('INVALID_PARAMETER_VALUE', message);
}

export function missing(message: string): Refusal {
  return new Refusal('RESOURCE_DOES_NOT_EXIST', message);
}

export function errorResponse(code: string, message: string, status: number): ServiceResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error_code: code, message }) };
}

export function refusalResponse({ code, message }: Refusal): ServiceResponse {
  return errorResponse(code, message, statusOf[code]);
}
