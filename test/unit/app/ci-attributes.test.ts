import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ciAttributes } from '../../../src/app/ci-attributes.ts';

describe('attributes of a CI system', () => {
  it('are none outside of one', () => assert.deepEqual(ciAttributes({ CI: 'true', GITHUB_TOKEN: 'x', CI_JOB_ID: '1' }), {}));

  it('are those of a pull request on GitHub Actions', () => {
    assert.deepEqual(
      ciAttributes({ GITHUB_ACTIONS: 'true', GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'me/digits', GITHUB_REPOSITORY_OWNER: 'me', GITHUB_RUN_ID: '42', GITHUB_RUN_ATTEMPT: '2', GITHUB_WORKFLOW: 'Train', GITHUB_JOB: 'run', GITHUB_EVENT_NAME: 'pull_request', GITHUB_REF: 'refs/pull/7/merge', GITHUB_REF_NAME: '7/merge', GITHUB_REF_TYPE: 'branch', GITHUB_BASE_REF: 'main', GITHUB_HEAD_REF: 'faster', GITHUB_SHA: 'abc', RUNNER_NAME: 'runner 3' }),
      {
        'runweave.ci.system': 'github_actions',
        'runweave.ci.pipeline.name': 'Train',
        'runweave.ci.run.id': '42',
        'runweave.ci.run.attempt': '2',
        'runweave.ci.job.name': 'run',
        'runweave.ci.trigger': 'pull_request',
        'cicd.pipeline.run.url.full': 'https://github.com/me/digits/actions/runs/42',
        'cicd.worker.name': 'runner 3',
        'vcs.provider.name': 'github',
        'vcs.owner.name': 'me',
        'vcs.repository.name': 'digits',
        'vcs.repository.url.full': 'https://github.com/me/digits',
        'vcs.change.id': '7',
        'vcs.ref.base.name': 'main',
        'vcs.ref.head.name': 'faster',
        'vcs.ref.head.revision': 'abc',
        'vcs.ref.head.type': 'branch',
      },
    );
  });

  it('are those of a tag on GitLab', () => {
    const attributes = ciAttributes({ GITLAB_CI: 'true', CI_PIPELINE_ID: '9', CI_PIPELINE_URL: 'https://gitlab.com/g/p/-/pipelines/9', CI_JOB_URL: 'https://gitlab.com/g/p/-/jobs/1', CI_COMMIT_TAG: 'v1', CI_COMMIT_REF_NAME: 'v1', CI_COMMIT_SHA: 'abc', CI_PROJECT_NAME: 'p', CI_PROJECT_ROOT_NAMESPACE: 'g', CI_MERGE_REQUEST_IID: '' });
    assert.equal(attributes['cicd.pipeline.run.url.full'], 'https://gitlab.com/g/p/-/pipelines/9');
    assert.equal(attributes['cicd.pipeline.task.run.url.full'], 'https://gitlab.com/g/p/-/jobs/1');
    assert.equal(attributes['vcs.ref.head.name'], 'v1');
    assert.equal(attributes['vcs.ref.head.type'], 'tag');
    assert.equal('vcs.change.id' in attributes, false, 'what is set to nothing says nothing');
  });

  it('are those of a change on Jenkins', () => {
    const attributes = ciAttributes({ JENKINS_URL: 'https://ci/', BUILD_URL: 'https://ci/job/p/3/', BUILD_ID: '3', JOB_NAME: 'p', CHANGE_ID: '12', CHANGE_TARGET: 'main', CHANGE_BRANCH: 'faster', BRANCH_NAME: 'PR-12', GIT_COMMIT: 'abc', NODE_NAME: 'agent' });
    assert.deepEqual([attributes['vcs.change.id'], attributes['vcs.ref.base.name'], attributes['vcs.ref.head.name'], attributes['cicd.worker.name']], ['12', 'main', 'faster', 'agent']);
  });
});
