#!/bin/sh
# git 2.39.5: a push is refused, "unable to migrate objects to permanent storage", because
# git's own tidying runs at the same moment: repack and prune-packed (which gc runs) remove
# folders of loose objects that have become empty, between the moment at which the push
# makes such a folder and the one at which it moves an object there. Nothing is damaged,
# and the same push succeeds when it is tried again. So a server that packs repositories
# while it takes pushes has to keep the two apart, or to try again.
#
# Needs git. It pushes small commits for up to five minutes, until that is seen.
set -eu
dir=$(mktemp -d)
tidying=
trap '[ -z "$tidying" ] || kill "$tidying" 2>/dev/null; wait; rm -rf "$dir"' EXIT
cd "$dir"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.com
git version
git init --quiet --bare server.git
git init --quiet clone
(
	while :; do
		git -C server.git repack -a -d -q
		git -C server.git prune-packed -q
	done
) >tidying.log 2>&1 &
tidying=$!
cd clone
end=$(($(date +%s) + 300))
tries=0
while [ "$(date +%s)" -lt "$end" ]; do
	tries=$((tries + 1))
	git commit --quiet --allow-empty --message "$tries"
	if git push --quiet ../server.git HEAD:refs/heads/main 2>../push.log; then
		continue
	fi
	grep 'unable to migrate objects to permanent storage' ../push.log
	kill "$tidying"
	wait "$tidying" || true
	tidying=
	git push --quiet ../server.git HEAD:refs/heads/main
	git -C ../server.git fsck --connectivity-only
	echo "seen at push $tries; tried again, it succeeds, and the repository is whole"
	exit 0
done
echo "not seen in $tries pushes"
exit 1
