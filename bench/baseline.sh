#!/bin/sh
# What somebody would write by hand instead of Aloft, and no more than that: no
# record, no live log, no health check, no way back, nothing at the same time.
#
#   baseline.sh REPOSITORY FOLDER BRANCH PORT     in a clone
#
# ENGINE, BUILD ("" = none) and START are commands. Whoever calls it asks the
# port until it answers.
set -eu
repository=$1 folder=$2 branch=$3 port=$4

git push --quiet --force "$repository" "HEAD:refs/heads/$branch"

mkdir -p "$folder/tree"
cd "$folder/tree"
git --git-dir="$repository" --work-tree=. checkout --quiet --force "$branch"

cd terraform
rm -f backend.tf # the state stays in the folder
if [ ! -d .terraform ]; then
	$ENGINE init -input=false -no-color >"$folder/log"
fi
$ENGINE apply -input=false -no-color -auto-approve >>"$folder/log"

cd ..
if [ -n "$BUILD" ]; then
	$BUILD >>"$folder/log"
fi

# The new process has its own port, so that there is nothing to wait for.
PORT=$port nohup $START >>"$folder/log" 2>&1 </dev/null &
echo $! >"$folder/next"
if [ -f "$folder/process" ]; then
	kill "$(cat "$folder/process")"
fi
mv "$folder/next" "$folder/process"
