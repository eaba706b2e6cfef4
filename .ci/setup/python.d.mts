export function ensurePython(requirements: string, folder?: string): Promise<{ readonly python: string } | { readonly problem: string }>;
