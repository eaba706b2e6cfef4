/**
 * What GitHub Actions, GitLab CI and Jenkins say of the job that Runweave runs in, as attributes by OpenTelemetry's
 * names (registry/attributes/cicd, vcs). `cicd.pipeline.name` and `.run.id` are those of our own pipeline; theirs have
 * no name of their own in the conventions, and are `runweave.ci.*`.
 *
 * https://docs.github.com/actions/reference/variables-reference, https://docs.gitlab.com/ci/variables/predefined_variables,
 * https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
 */
import type { JsonObject } from '../model/json.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Nothing outside of the three. */
export function ciAttributes(environment: Environment): JsonObject {
  const attributes = environment['GITHUB_ACTIONS'] === 'true' ? github(environment) : environment['GITLAB_CI'] === 'true' ? gitlab(environment) : environment['JENKINS_URL'] !== undefined ? jenkins(environment) : {};
  return Object.fromEntries(Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
}

function github(env: Environment): Environment {
  const server = env['GITHUB_SERVER_URL'] ?? 'https://github.com';
  const repository = env['GITHUB_REPOSITORY'];
  const run = env['GITHUB_RUN_ID'];
  const change = /^refs\/pull\/(\d+)\//.exec(env['GITHUB_REF'] ?? '')?.[1];
  return {
    'runweave.ci.system': 'github_actions',
    'runweave.ci.pipeline.name': env['GITHUB_WORKFLOW'],
    'runweave.ci.run.id': run,
    'runweave.ci.run.attempt': env['GITHUB_RUN_ATTEMPT'],
    'runweave.ci.job.name': env['GITHUB_JOB'],
    'runweave.ci.trigger': env['GITHUB_EVENT_NAME'],
    'cicd.pipeline.run.url.full': repository === undefined || run === undefined ? undefined : `${server}/${repository}/actions/runs/${run}`,
    'cicd.worker.name': env['RUNNER_NAME'],
    'vcs.provider.name': 'github',
    'vcs.owner.name': env['GITHUB_REPOSITORY_OWNER'],
    'vcs.repository.name': repository?.split('/').at(-1),
    'vcs.repository.url.full': repository === undefined ? undefined : `${server}/${repository}`,
    'vcs.change.id': change,
    'vcs.ref.base.name': env['GITHUB_BASE_REF'],
    'vcs.ref.head.name': present(env['GITHUB_HEAD_REF']) ?? env['GITHUB_REF_NAME'],
    'vcs.ref.head.revision': env['GITHUB_SHA'],
    'vcs.ref.head.type': change === undefined ? env['GITHUB_REF_TYPE'] : 'branch',
  };
}

function gitlab(env: Environment): Environment {
  const tag = present(env['CI_COMMIT_TAG']);
  return {
    'runweave.ci.system': 'gitlab_ci',
    'runweave.ci.pipeline.name': present(env['CI_PIPELINE_NAME']) ?? env['CI_PROJECT_PATH'],
    'runweave.ci.run.id': env['CI_PIPELINE_ID'],
    'runweave.ci.job.name': env['CI_JOB_NAME'],
    'runweave.ci.trigger': env['CI_PIPELINE_SOURCE'],
    'cicd.pipeline.run.url.full': env['CI_PIPELINE_URL'],
    'cicd.pipeline.task.run.url.full': env['CI_JOB_URL'],
    'cicd.worker.id': env['CI_RUNNER_ID'],
    'cicd.worker.name': env['CI_RUNNER_DESCRIPTION'],
    'vcs.provider.name': 'gitlab',
    'vcs.owner.name': env['CI_PROJECT_ROOT_NAMESPACE'],
    'vcs.repository.name': env['CI_PROJECT_NAME'],
    'vcs.repository.url.full': env['CI_PROJECT_URL'],
    'vcs.change.id': env['CI_MERGE_REQUEST_IID'],
    'vcs.change.title': env['CI_MERGE_REQUEST_TITLE'],
    'vcs.ref.base.name': env['CI_MERGE_REQUEST_TARGET_BRANCH_NAME'],
    'vcs.ref.head.name': present(env['CI_MERGE_REQUEST_SOURCE_BRANCH_NAME']) ?? tag ?? env['CI_COMMIT_REF_NAME'],
    'vcs.ref.head.revision': env['CI_COMMIT_SHA'],
    'vcs.ref.head.type': tag === undefined ? 'branch' : 'tag',
  };
}

function jenkins(env: Environment): Environment {
  const tag = present(env['TAG_NAME']);
  const head = present(env['CHANGE_BRANCH']) ?? tag ?? present(env['BRANCH_NAME']) ?? env['GIT_BRANCH']?.replace(/^origin\//, '');
  return {
    'runweave.ci.system': 'jenkins',
    'runweave.ci.pipeline.name': env['JOB_NAME'],
    'runweave.ci.run.id': env['BUILD_ID'] ?? env['BUILD_NUMBER'],
    'runweave.ci.job.name': env['STAGE_NAME'],
    'cicd.pipeline.run.url.full': env['BUILD_URL'],
    'cicd.worker.name': env['NODE_NAME'],
    'vcs.change.id': env['CHANGE_ID'],
    'vcs.change.title': env['CHANGE_TITLE'],
    'vcs.ref.base.name': env['CHANGE_TARGET'],
    'vcs.ref.head.name': head,
    'vcs.ref.head.revision': env['GIT_COMMIT'],
    'vcs.ref.head.type': head === undefined ? undefined : tag === undefined ? 'branch' : 'tag',
  };
}

function present(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
