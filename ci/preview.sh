#!/usr/bin/env bash
# Previews a change and writes every report into a directory. All input comes by environment, so that nothing of it is run as code:
#   JIBE_BASE, JIBE_HEAD   commits, or directories          JIBE_FAIL_ON   error, warning, info or never
#   JIBE_REPORTS           where reports go                 JIBE_PATH, JIBE_APP, JIBE_BASELINE, JIBE_BEHAVIOUR, JIBE_WORLD   may be empty
#   JIBE_VALUES            files of values of a chart, each on a line of its own; may be empty
# Ends with 0 where the preview was made, whatever it says; its exit code is the output `code` of the step, and the file `code`.
set -euo pipefail

base=${JIBE_BASE:?the base to compare with is not known: give the input base}
head=${JIBE_HEAD:-HEAD}
reports=${JIBE_REPORTS:?}
mkdir -p -- "$reports"

# a shallow checkout does not have base
for commit in "$base" "$head"; do
  if [[ ! -d $commit && $commit =~ ^[0-9a-f]{40}$ ]] && ! git cat-file -e "$commit^{commit}" 2> /dev/null; then
    git fetch --quiet --no-tags --depth=1 origin "$commit"
  fi
done

args=(preview . --base "$base" --head "$head" --fail-on "${JIBE_FAIL_ON:-error}" --quiet)
for format in markdown=md html=html junit=xml sarif=sarif json=json; do
  args+=(--report "${format%=*}=$reports/preview.${format#*=}")
done
[[ -z ${JIBE_PATH:-} ]] || args+=(--path "$JIBE_PATH")
while read -r file; do
  [[ -z $file ]] || args+=(--values "$file")
done <<< "${JIBE_VALUES:-}"
[[ -z ${JIBE_APP:-} ]] || args+=(--app "$JIBE_APP")
[[ -z ${JIBE_BASELINE:-} ]] || args+=(--baseline "$JIBE_BASELINE")
[[ -z ${JIBE_BEHAVIOUR:-} ]] || args+=(--behaviour "$JIBE_BEHAVIOUR")
[[ -z ${JIBE_WORLD:-} ]] || args+=(--world "$JIBE_WORLD")

# the one that the project has, or the newest
jibe=(npx --yes jibe)
if command -v jibe > /dev/null; then jibe=(jibe); fi

code=0
"${jibe[@]}" "${args[@]}" || code=$?
echo "$code" > "$reports/code"
if [[ -n ${GITHUB_OUTPUT:-} ]]; then echo "code=$code" >> "$GITHUB_OUTPUT"; fi
# 0: no hazard; 1: a hazard; anything else: there is no preview
if ((code > 1)); then exit "$code"; fi
if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then cat -- "$reports/preview.md" >> "$GITHUB_STEP_SUMMARY"; fi
