export function findChromium(): string | undefined;
export function ensureChromium(): Promise<{ executable: string } | { problem: string }>;
