/**
 * Which environment variables hold a credential by their name. Whole words of the name count (`TOKENIZERS_PARALLELISM`
 * and `MAX_TOKENS` are none), and a name that ends in what is no credential itself (`…_FILE`, `…_ID`) does not.
 * Documented in docs/secrets.md.
 */
const anywhere = /(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRETS?|API_?KEYS?|ACCESS_?KEYS?|PRIVATE_?KEYS?|(?:ACCESS|AUTH|REFRESH|BEARER)_?TOKENS?)(?:_|$)/i;
const atTheEnd = /(?:^|_)(?:TOKEN|PASS|PWD|CREDENTIALS?|JWT|AUTH|PAT|DSN|CONNECTION_?STRING|(?:SIGNING|ENCRYPTION|LICENSE|ACCOUNT|MASTER|SSH|DEPLOY)_?KEY)(?:_?\d+)?$|(?:TOKEN|PASSWORD|SECRET)$/i;
const isOther = /_(?:FILE|PATH|DIR|ID|IDS|NAME|USER|USERNAME|URL|URI|ENDPOINT|HOST|PORT|TYPE|TTL|TIMEOUT|LENGTH|LIMIT|COUNT|EXPIRY|EXPIRES|EXPIRATION|HELPER|MANAGER|POLICY|MODE|VERSION|REGION|ENABLED|DISABLED)$|^(?:PWD|OLDPWD)$/i;

export function looksLikeCredential(name: string): boolean {
  return !isOther.test(name) && (anywhere.test(name) || atTheEnd.test(name));
}

/** Whether the variable is a secret: named in the pipeline file's `secrets`, or one by its name that is not named there as `!NAME`. */
export function isSecretName(name: string, listed: readonly string[]): boolean {
  if (listed.includes(`!${name}`)) return false;
  return listed.includes(name) || looksLikeCredential(name);
}
