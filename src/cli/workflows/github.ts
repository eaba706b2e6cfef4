import { installPython, shellText, yamlText, type WorkflowSubject } from './workflow.ts';

/**
 * A workflow of GitHub Actions: runs the pipeline, keeps its record as a build artifact, reports, and publishes all
 * records that are kept as a website. Values of the event reach commands as variables only, never as text of a command.
 */
export function githubWorkflow({ name, key, folder, file, requirements, branch, version }: WorkflowSubject): string {
  const at = folder === '.' ? '' : `${folder}/`;
  const option = file === undefined ? '' : ` --file ${shellText(file)}`;
  const inFolder = folder === '.' ? '' : `\n    defaults:\n      run:\n        working-directory: ${yamlText(folder)}`;
  const python = installPython(requirements).map((line) => `\n          ${line}`).join('');
  return `# Runs the pipeline ${name}, reports, and publishes its runs. Written by \`runweave init --github\`; change it as you like.
name: ${yamlText(`Runweave ${key === 'pipeline' ? name : key}`)}
on:
  push:
    branches: [${yamlText(branch)}]
  pull_request:
  schedule:
    - cron: "23 4 * * 1" # Mondays, UTC: data and packages change without a push
  workflow_dispatch:

permissions:
  contents: read

env:
  # What npm installs: a version, or the path or address of a tarball.
  RUNWEAVE: runweave@${version}
  # Records are kept as build artifacts of this name.
  RECORDS: runweave-${key}

jobs:
  run:
    runs-on: ubuntu-latest
    timeout-minutes: 120
    permissions:
      contents: read
      actions: read # the record of the branch that a pull request goes to
      pull-requests: write # the report${inFolder}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 22
      - name: Install
        run: |
          npm install --global "$RUNWEAVE"${python}
      - name: Restore the outputs of earlier runs
        uses: actions/cache/restore@v4
        with:
          path: ${yamlText(`${at}.runweave/cache`)}
          key: \${{ env.RECORDS }}-\${{ github.run_id }}-\${{ github.run_attempt }}
          restore-keys: \${{ env.RECORDS }}-
      - name: Run the pipeline
        run: ${yamlText(`runweave run${option}`)}
      - name: Keep the outputs
        if: always() # what succeeded before a failure does not run again
        uses: actions/cache/save@v4
        with:
          path: ${yamlText(`${at}.runweave/cache`)}
          key: \${{ env.RECORDS }}-\${{ github.run_id }}-\${{ github.run_attempt }}
      - name: Get the latest record of the branch to compare with
        if: always() && github.event_name == 'pull_request'
        continue-on-error: true # there may be none yet
        env:
          GH_TOKEN: \${{ github.token }}
          BASE: \${{ github.base_ref }}
          WORKFLOW: \${{ github.workflow }}
        run: |
          # Not those of pull requests from a branch of that name in a fork.
          run=$(gh run list --branch "$BASE" --workflow "$WORKFLOW" --status success --limit 50 --json databaseId,event --jq 'map(select(.event != "pull_request")) | .[0].databaseId // ""')
          test -z "$run" || gh run download "$run" --name "$RECORDS" --dir .runweave/base
      - name: Report
        if: always()
        run: |
          mkdir -p .runweave
          # Of this run: records of earlier ones may be in git.
          record=$(git ls-files --others '.runweave/runs/*.otlp.jsonl' | tail -n 1)
          base=$(ls .runweave/base/runs/*.otlp.jsonl 2>/dev/null | tail -n 1)
          if test -n "$record"; then
            runweave export "$(basename "$record" .otlp.jsonl)" --to markdown \${base:+--baseline "$base"} --output .runweave/report.md --force${option}
          else
            echo 'Nothing was run: the log of this job says why.' > .runweave/report.md
          fi
          cat .runweave/report.md >> "$GITHUB_STEP_SUMMARY"
      - name: Report to the pull request
        if: always() && github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
        continue-on-error: true # the report is in the summary of the job as well
        env:
          GH_TOKEN: \${{ github.token }}
          NUMBER: \${{ github.event.pull_request.number }}
        run: |
          mark="<!-- $RECORDS -->"
          # A comment takes 65,536 characters.
          if test "$(wc -c < .runweave/report.md)" -lt 65000; then
            (echo "$mark"; cat .runweave/report.md) > .runweave/comment.md
          else
            (echo "$mark"; echo "The report is too long for a comment: it is in [the summary of the job]($GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID).") > .runweave/comment.md
          fi
          # One comment a pipeline, written anew with each push.
          comment=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments?per_page=100" --jq ".[] | select(.user.type == \\"Bot\\" and (.body | startswith(\\"$mark\\"))) | .id" | head -n 1)
          if test -n "$comment"; then
            gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$comment" --field body=@.runweave/comment.md
          else
            gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments" --field body=@.runweave/comment.md
          fi
      - name: Keep the record
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: \${{ env.RECORDS }}
          path: |
            ${at}.runweave/runs
            ${at}.runweave/objects
            ${at}.runweave/annotations.jsonl
          include-hidden-files: true
          if-no-files-found: ignore
          overwrite: true

  site:
    needs: run
    continue-on-error: true # pull requests are compared with runs that succeeded, also where there are no Pages yet
    if: ${yamlText(`!cancelled() && github.ref == 'refs/heads/${branch.replaceAll("'", "''")}'`)}
    runs-on: ubuntu-latest
    timeout-minutes: 60
    permissions:
      contents: read
      actions: read # the records of past runs
      pages: write
      id-token: write
    environment:
      name: github-pages
      url: \${{ steps.deploy.outputs.page_url }}
    concurrency: pages${inFolder}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 22
      - name: Install
        run: npm install --global "$RUNWEAVE"
      - name: Get the records of past runs
        env:
          GH_TOKEN: \${{ github.token }}
          MOST: 200 # a token asks 1000 times an hour
        run: |
          mkdir -p .runweave/downloads
          # Of all pipelines of this repository, the newest first; a fork's are not published.
          gh api --paginate "repos/$GITHUB_REPOSITORY/actions/artifacts?per_page=100" --jq '.artifacts[] | select((.expired | not) and (.name | startswith("runweave-")) and .workflow_run.head_repository_id == .workflow_run.repository_id) | .id' | head -n "$MOST" > .runweave/downloads/ids
          while read -r id; do
            gh api "repos/$GITHUB_REPOSITORY/actions/artifacts/$id/zip" > ".runweave/downloads/$id.zip" || { rm ".runweave/downloads/$id.zip"; echo "::warning::artifact $id could not be had"; }
          done < .runweave/downloads/ids
      - name: Build the website
        run: |
          mkdir -p .runweave/runs
          for zip in .runweave/downloads/*.zip; do
            test ! -f "$zip" || runweave import "$zip"${option} || echo "::warning::$zip could not be read"
          done
          runweave site .runweave/site --keep 1000 --max-size 900MB${option}
      - uses: actions/upload-pages-artifact@v4
        with:
          path: ${yamlText(`${at}.runweave/site`)}
      - id: deploy
        uses: actions/deploy-pages@v4
`;
}
