package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// kind is a kind of fault.
type kind struct {
	name   string
	text   string
	weight int      // how many of a cycle's faults are of this kind
	during []string // operations that it is injected into; nil = any
	big    bool     // the operation makes many things, slowly
	disk   bool     // it needs a small disk
	tofu   bool     // it needs OpenTofu
	// inject does the harm at its moment and returns what it was, in a few
	// words. It may start the server again. An operation that ends before the
	// moment comes is no error: the harm is done after it.
	inject func(context.Context, *round) (string, error)
	// scene replaces the operation where what is asked for and the harm are one
	// story.
	scene func(context.Context, *round) (string, error)
}

// changing are the operations in which an apply makes things.
var changing = []string{"first push", "Terraform push"}

var kindsOfFaults = []kind{
	{name: "kill-step", weight: 7, inject: killAtStep, text: "kill -9 of the server right after a step"},
	{name: "kill-random", weight: 3, inject: killAtRandom, text: "kill -9 of the server at a random moment"},
	{name: "kill-apply", weight: 2, during: changing, big: true, inject: killInApply, text: "kill -9 of the server in the middle of an apply"},
	{name: "kill-everything", weight: 1, during: changing, big: true, inject: killEverything, text: "kill -9 of the server and all its processes in the middle of an apply"},
	{name: "kill-destroy", weight: 1, during: []string{"branch delete"}, big: true, inject: killInDestroy, text: "kill -9 of the server in the middle of a destroy"},
	{name: "term-apply", weight: 1, during: changing, big: true, inject: termInApply, text: "SIGTERM of the server in the middle of an apply"},
	{name: "kill-engine", weight: 2, during: changing, big: true, inject: killEngine, text: "kill -9 of the engine in the middle of an apply"},
	{name: "kill-postgres", weight: 1, inject: killPostgres, text: "kill -9 of the PostgreSQL server at a random moment"},
	{name: "kill-app", weight: 1, inject: killApp, text: "kill -9 of the app's process at a random moment"},
	{name: "freeze-server", weight: 1, inject: freezeServer, text: "the server stands still for seconds: nobody is answered"},
	{name: "disk-state", weight: 1, disk: true, during: changing, big: true, inject: fillInApply, text: "the disk is full while an apply makes things and writes the state"},
	{name: "disk-random", weight: 1, disk: true, inject: fillAtRandom, text: "the disk is full at a random moment"},
	{name: "database-locked", weight: 1, inject: lockDatabase, text: "the database file is locked from outside for seconds"},
	{name: "clock", weight: 2, inject: jumpClock, text: "the clock jumps hours forward or back, and later back again"},
	{name: "clock-expiry", weight: 1, scene: expireAll, text: "the clock jumps, and the time of all environments is up at once"},
	{name: "event-lost", weight: 1, inject: loseEvents, text: "the server dies, and its queue is lost"},
	{name: "event-moved", weight: 1, scene: moveBranch, text: "the branch is moved behind the server's back"},
	{name: "event-deleted", weight: 1, scene: deleteBehind, text: "the branch is deleted behind the server's back"},
	{name: "event-doubled", weight: 1, scene: doubleEvents, text: "the same push, retry or delete twice at once"},
	{name: "event-reordered", weight: 1, scene: reorderEvents, text: "pushes, deletes and retries of older commits in quick succession"},
	{name: "client-gone", weight: 1, during: []string{"first push", "code push", "Terraform push", "branch delete"}, inject: killClient, text: "kill -9 of the pusher in the middle of a push"},
	{name: "push-mirror", weight: 1, scene: pushMirror, text: "git push --mirror, and others that delete more than one environment"},
	{name: "engine-refuses", weight: 1, scene: engineRefuses, text: "the engine refuses to destroy: prevent_destroy"},
	{name: "label-renamed", weight: 1, scene: renameLabel, text: "the label of a resource is renamed, with a moved block or without"},
	{name: "app-clings", weight: 1, scene: appClings, text: "the app does what could be in the way of its end: a template, closed folders, ignored signals"},
	{name: "restart-postgres", weight: 1, inject: restartPostgres, text: "the PostgreSQL server is shut down at a random moment"},
	{name: "frozen-server", weight: 1, inject: freezeLong, text: "the server stands still for a quarter of a minute, or a whole one (--long)"},
	{name: "second-server", weight: 1, inject: secondServer, text: "another server is started with the same data, also while the first is frozen"},
	{name: "records-postgres", weight: 1, scene: twoOnPostgres, text: "the PostgreSQL server with the records is restarted, and another server comes in"},
	{name: "force-unlock", weight: 1, during: changing, big: true, inject: forceUnlock, text: "a person unlocks the state in the middle of an apply"},
	{name: "state-encrypted", weight: 1, big: true, tofu: true, scene: encryptedState, text: "kill -9 of everything in the middle of an apply with an encrypted state"},
	{name: "state-lost", weight: 1, scene: loseState, text: "a state is lost"},
	{name: "state-older", weight: 1, scene: ageState, text: "an older version of a state is put back"},
	{name: "lost-environments", weight: 1, scene: loseEnvironments, text: "environments/ is lost while the server is down, or an older one is put back"},
	{name: "lost-repositories", weight: 1, scene: loseRepositories, text: "repositories/ is lost while the server is down, or another or an older one there, and put back"},
	{name: "lost-postgresql", weight: 1, scene: losePostgreSQL, text: "postgresql/ is lost while the server is down, and put back"},
	{name: "lost-artifacts", weight: 1, scene: loseArtifacts, text: "artifacts/ is lost while the server is down"},
	{name: "lost-runs", weight: 1, scene: loseRuns, text: "runs/ is lost while the server is down"},
	{name: "lost-key", weight: 1, scene: loseKey, text: "seal.key is lost while the server is down, and put back"},
	{name: "lost-records", weight: 1, scene: loseRecords, text: "aloft.db is lost while the server is down, and put back"},
	{name: "older-records", weight: 1, scene: ageRecords, text: "an older aloft.db is put back while the server is down"},
}

// missing tells what this system lacks for the kind, "" if nothing.
func (k kind) missing() string {
	switch {
	case k.disk && !hasPrivateMounts():
		return "a small disk, and this system gives no mounts of its own"
	case k.tofu && !hasTofu():
		return "OpenTofu, and there is none"
	}
	return ""
}

// hasTofu reports whether a server would find OpenTofu.
func hasTofu() bool {
	if _, err := exec.LookPath("tofu"); err == nil {
		return true
	}
	caches, err := os.UserCacheDir()
	found, _ := filepath.Glob(filepath.Join(caches, "aloft", "engines", "opentofu-*", "tofu")) // the pattern is ours
	return err == nil && len(found) > 0
}

// chosen returns the kinds with these names; with none, all that this system
// lets happen. It says which are left out.
func chosen(names []string) ([]kind, error) {
	var kinds []kind
	for _, k := range kindsOfFaults {
		missing, named := k.missing(), slices.Contains(names, k.name)
		switch {
		case named && missing != "":
			return nil, fmt.Errorf("%s needs %s", k.name, missing)
		case len(names) == 0 && missing != "":
			fmt.Printf("left out is %s: it needs %s\n", k.name, missing)
		case named, len(names) == 0:
			kinds = append(kinds, k)
		}
	}
	return kinds, nil
}

func isKind(name string) bool {
	return slices.ContainsFunc(kindsOfFaults, func(k kind) bool { return k.name == name })
}
