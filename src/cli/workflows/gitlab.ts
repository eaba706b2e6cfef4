import { installPython, shellText, yamlText, type WorkflowSubject } from './workflow.ts';

/**
 * Jobs of GitLab's CI: the pipeline with its record, report and test results, and a website on GitLab Pages. The
 * records of past runs are handed on from one website to the next, as artifacts of its job.
 */
export function gitlabWorkflow({ name, key, folder, file, requirements, branch, version }: WorkflowSubject): string {
  const job = key === 'pipeline' ? 'runweave' : `runweave-${key}`;
  const at = folder === '.' ? '' : `${folder}/`;
  const option = file === undefined ? '' : ` --file ${shellText(file)}`;
  const enter = folder === '.' ? '' : `\n    - ${yamlText(`cd ${shellText(folder)}`)}`;
  const python = installPython(requirements).map((line) => `\n    - ${yamlText(line)}`).join('');
  const apt = requirements === undefined ? '' : '\n    - apt-get update -qq && apt-get install -y -qq python3-venv';
  return `# Runs the pipeline ${name}, reports, and publishes its runs. Written by \`runweave init --gitlab\`; change it as you like.
variables:
  # What npm installs: a version, or the path or address of a tarball.
  RUNWEAVE: runweave@${version}

${job}:
  image: node:22-bookworm
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_PIPELINE_SOURCE == "schedule"
    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(branch)}
  cache:
    key: ${yamlText(`runweave-${key}`)}
    when: always
    paths: [${yamlText(`${at}.runweave/cache`)}]
  before_script:${apt}
    - npm install --global "$RUNWEAVE"${enter}${python}
  script:
    - ${yamlText(`runweave run${option}`)}
  after_script:${enter === '' ? '' : enter}
    - |
      mkdir -p .runweave
      # Of this run: records of earlier ones may be in git.
      record=$(git ls-files --others '.runweave/runs/*.otlp.jsonl' | tail -n 1)
      test -n "$record" || exit 0
      run=$(basename "$record" .otlp.jsonl)
      base=
      if test -n "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"; then
        branch=$(printf %s "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME" | sed 's|/|%2F|g')
        if curl --silent --fail --location --header "JOB-TOKEN: $CI_JOB_TOKEN" --output .runweave/base.zip "$CI_API_V4_URL/projects/$CI_PROJECT_ID/jobs/artifacts/$branch/download?job=${job}"; then
          python3 -m zipfile -e .runweave/base.zip .runweave/base
          base=$(find .runweave/base -name "*.otlp.jsonl" | sort | tail -n 1)
        fi
      fi
      runweave export "$run" --to markdown \${base:+--baseline "$base"} --output .runweave/report.md --force${option}
      runweave export "$run" --to junit --output .runweave/junit.xml --force${option}
  artifacts:
    when: always
    expose_as: Runweave report
    paths: [${yamlText(`${at}.runweave/report.md`)}, ${yamlText(`${at}.runweave/runs`)}, ${yamlText(`${at}.runweave/objects`)}]
    reports:
      junit: ${yamlText(`${at}.runweave/junit.xml`)}

pages:
  image: node:22-bookworm
  needs: [${job}]
  rules:
    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(branch)} && $CI_PIPELINE_SOURCE != "merge_request_event"
      when: always
  script:
    - npm install --global "$RUNWEAVE"${enter}
    - |
      mkdir -p .runweave/runs
      if curl --silent --fail --location --header "JOB-TOKEN: $CI_JOB_TOKEN" --output .runweave/past.zip "$CI_API_V4_URL/projects/$CI_PROJECT_ID/jobs/artifacts/$CI_COMMIT_BRANCH/download?job=pages"; then
        python3 -m zipfile -e .runweave/past.zip .runweave/past
        runweave import ${shellText(`.runweave/past/${at}.runweave`)}${option} || echo "the records of past runs could not be read"
      fi
    - ${yamlText(`runweave site "$CI_PROJECT_DIR/public" --keep 1000 --max-size 900MB${option}`)}
  artifacts:
    paths: [public, ${yamlText(`${at}.runweave/runs`)}, ${yamlText(`${at}.runweave/objects`)}]
`;
}
