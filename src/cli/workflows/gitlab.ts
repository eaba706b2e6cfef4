import { installPython, yamlText, type WorkflowSubject } from './workflow.ts';

/**
 * Jobs of GitLab's CI: the pipeline with its record, report and test results, and a website on GitLab Pages. The
 * records of past runs are handed on from one website to the next, as artifacts of its job.
 */
export function gitlabWorkflow({ name, folder, file, requirements, branch, version }: WorkflowSubject): string {
  const at = folder === '.' ? '' : `${folder}/`;
  const option = file === undefined ? '' : ` --file ${JSON.stringify(file)}`;
  const enter = folder === '.' ? '' : `\n    - cd ${JSON.stringify(folder)}`;
  const python = installPython(requirements).map((line) => `\n    - ${line}`).join('');
  const apt = requirements.length === 0 ? '' : '\n    - apt-get update -qq && apt-get install -y -qq python3-venv';
  return `# Runs the pipeline ${name}, reports, and publishes its runs. Written by \`runweave init --gitlab\`; change it as you like.
variables:
  RUNWEAVE: runweave@${version}

runweave:
  image: node:22-bookworm
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_PIPELINE_SOURCE == "schedule"
    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(branch)}
  cache:
    key: ${yamlText(`runweave-${name}`)}
    paths: [${yamlText(`${at}.runweave/cache`)}]
  before_script:${apt}
    - npm install --global "$RUNWEAVE"${enter}${python}
  script:
    - runweave run${option}
  after_script:${enter === '' ? '' : enter}
    - |
      if test -n "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"; then
        curl --silent --fail --location --header "JOB-TOKEN: $CI_JOB_TOKEN" --output .runweave/base.zip "$CI_API_V4_URL/projects/$CI_PROJECT_ID/jobs/artifacts/$CI_MERGE_REQUEST_TARGET_BRANCH_NAME/download?job=runweave" && python3 -m zipfile -e .runweave/base.zip .runweave/base || true
      fi
    - base=$(find .runweave/base -name "*.otlp.jsonl" 2>/dev/null | sort | tail -n 1)
    - runweave export latest --to markdown \${base:+--baseline "$base"} --output .runweave/report.md --force${option}
    - runweave export latest --to junit --output .runweave/junit.xml --force${option}
  artifacts:
    when: always
    expose_as: Runweave report
    paths: [${yamlText(`${at}.runweave/report.md`)}, ${yamlText(`${at}.runweave/runs`)}, ${yamlText(`${at}.runweave/objects`)}]
    reports:
      junit: ${yamlText(`${at}.runweave/junit.xml`)}

pages:
  image: node:22-bookworm
  needs: [runweave]
  rules:
    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(branch)} && $CI_PIPELINE_SOURCE != "merge_request_event"
      when: always
  script:
    - npm install --global "$RUNWEAVE"${enter}
    - |
      if curl --silent --fail --location --header "JOB-TOKEN: $CI_JOB_TOKEN" --output past.zip "$CI_API_V4_URL/projects/$CI_PROJECT_ID/jobs/artifacts/$CI_COMMIT_BRANCH/download?job=pages"; then
        runweave import past.zip${option} || echo "the records of past runs could not be read"
      fi
    - runweave site ${folder === '.' ? 'public' : '"$CI_PROJECT_DIR/public"'} --keep 1000 --max-size 900MB${option}
  artifacts:
    paths: [public, ${yamlText(`${at}.runweave/runs`)}, ${yamlText(`${at}.runweave/objects`)}]
`;
}
