export function ensureCodeServer(): Promise<{ serverMain: string } | { problem: string }>;
export function ensureDesktopVscode(): Promise<{ executable: string } | { problem: string }>;
