import { installPython, yamlText, type WorkflowSubject } from './workflow.ts';

/**
 * A workflow of GitHub Actions: runs the pipeline, keeps its record as a build artifact, reports, and publishes all
 * records that are kept as a website. Values of the event reach commands as variables only, never as text of a command.
 */
export function githubWorkflow({ name, folder, file, requirements, branch, version }: WorkflowSubject): string {
  const at = folder === '.' ? '' : `${folder}/`;
  const option = file === undefined ? '' : ` --file ${JSON.stringify(file)}`;
  const inFolder = folder === '.' ? '' : `\n    defaults:\n      run:\n        working-directory: ${yamlText(folder)}`;
  const python = installPython(requirements).map((line) => `\n          ${line}`).join('');
  return `# Runs the pipeline ${name}, reports, and publishes its runs. Written by \`runweave init --github\`; change it as you like.
name: ${yamlText(`Runweave ${name}`)}
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
  RUNWEAVE: runweave@${version}
  # Records are kept as build artifacts of this name.
  RECORDS: runweave-${name}

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
        uses: actions/cache@v4
        with:
          path: ${at}.runweave/cache
          key: \${{ env.RECORDS }}-\${{ github.run_id }}-\${{ github.run_attempt }}
          restore-keys: \${{ env.RECORDS }}-
      - name: Run the pipeline
        run: runweave run${option}
      - name: Get the latest record of the branch to compare with
        if: always() && github.event_name == 'pull_request'
        continue-on-error: true # there may be none yet
        env:
          GH_TOKEN: \${{ github.token }}
          BASE: \${{ github.base_ref }}
          WORKFLOW: \${{ github.workflow }}
        run: |
          run=$(gh run list --branch "$BASE" --workflow "$WORKFLOW" --status success --limit 1 --json databaseId --jq '.[0].databaseId // ""')
          test -z "$run" || gh run download "$run" --name "$RECORDS" --dir .runweave/base
      - name: Report
        if: always()
        run: |
          base=$(ls .runweave/base/runs/*.otlp.jsonl 2>/dev/null | tail -n 1)
          runweave export latest --to markdown \${base:+--baseline "$base"} --output .runweave/report.md --force${option}
          cat .runweave/report.md >> "$GITHUB_STEP_SUMMARY"
      - name: Report to the pull request
        if: always() && github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
        env:
          GH_TOKEN: \${{ github.token }}
          NUMBER: \${{ github.event.pull_request.number }}
        run: gh pr comment "$NUMBER" --body-file .runweave/report.md --edit-last --create-if-none
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
    if: always() && github.event_name != 'pull_request'
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
        run: |
          mkdir -p .runweave/downloads
          gh api --paginate "repos/$GITHUB_REPOSITORY/actions/artifacts?name=$RECORDS&per_page=100" --jq '.artifacts[] | select(.expired | not) | .id' | head -n 500 > .runweave/downloads/ids
          while read -r id; do
            gh api "repos/$GITHUB_REPOSITORY/actions/artifacts/$id/zip" > ".runweave/downloads/$id.zip"
          done < .runweave/downloads/ids
      - name: Build the website
        run: |
          for zip in .runweave/downloads/*.zip; do
            test ! -f "$zip" || runweave import "$zip"${option} || echo "::warning::$zip could not be read"
          done
          runweave site .runweave/site --keep 1000 --max-size 900MB${option}
      - uses: actions/upload-pages-artifact@v4
        with:
          path: ${at}.runweave/site
      - id: deploy
        uses: actions/deploy-pages@v4
`;
}
