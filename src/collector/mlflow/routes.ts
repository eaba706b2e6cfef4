/** Endpoints by method and path below `/api/2.0/mlflow/`: `POST runs/create`, `GET logged-models/{model_id}`. */
import type { JsonObject } from '../../model/json.ts';
import type { Fields } from './fields.ts';

export type Handler = (fields: Fields) => JsonObject;
export type Routes = Readonly<Record<string, Handler>>;

export interface Found {
  readonly handler: Handler;
  /** What stood in the path for `{name}`. */
  readonly params: Readonly<Record<string, string>>;
}

export type Router = (method: string, path: string) => Found | undefined;

export function createRouter(routes: Routes): Router {
  const patterns = Object.entries(routes)
    .filter(([route]) => route.includes('{'))
    .map(([route, handler]) => ({ handler, parts: route.split('/') }));
  return (method, path) => {
    const route = `${method} ${path}`;
    if (Object.hasOwn(routes, route)) {
      const handler = routes[route];
      if (handler !== undefined) return { handler, params: {} };
    }
    const parts = route.split('/');
    for (const { handler, parts: pattern } of patterns) {
      if (pattern.length !== parts.length) continue;
      const params: Record<string, string> = {};
      const fits = pattern.every((part, index) => {
        const given = parts[index] ?? '';
        const name = /^\{(\w+)\}$/.exec(part)?.[1];
        if (name === undefined) return part === given;
        params[name] = given;
        return given !== '';
      });
      if (fits) return { handler, params };
    }
    return undefined;
  };
}
