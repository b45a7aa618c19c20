#!/usr/bin/env bash
# Puts a report into a comment on a pull request: the one that has the report's first line already, or a new one.
#   JIBE_REPORT         the Markdown file                   GITHUB_REPOSITORY, JIBE_PULL_REQUEST   where
#   GH_TOKEN            with pull-requests: write           JIBE_AUTHOR    whose comments are updated: github-actions[bot]
# Where the token may not write, as for pull requests from forks, that is told and is no failure.
set -euo pipefail

report=${JIBE_REPORT:?}
issue="repos/${GITHUB_REPOSITORY:?}/issues/${JIBE_PULL_REQUEST:?}"
author=${JIBE_AUTHOR:-github-actions[bot]}
marker=$(head -n 1 -- "$report")
if [[ $marker != '<!-- jibe preview: '*' -->' ]]; then
  echo "::error::$report does not begin with the marker of a preview"
  exit 2
fi

failed() {
  echo "::warning::The comment could not be written. The job needs the permission pull-requests: write; pull requests from forks do not have it."
  exit 0
}

found=$(gh api --paginate "$issue/comments?per_page=100") || failed
id=$(jq --raw-output --arg marker "$marker" --arg author "$author" \
  '.[] | select(.user.login == $author and (.body | startswith($marker))) | .id' <<< "$found" | head -n 1)

if [[ -n $id ]]; then
  gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$report" --silent || failed
  echo "Comment $id is updated."
else
  gh api --method POST "$issue/comments" --field "body=@$report" --silent || failed
  echo "A comment is made."
fi
