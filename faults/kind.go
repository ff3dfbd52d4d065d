package main

import (
	"context"
	"fmt"
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
	// inject does the harm at its moment and returns what it was, in a few
	// words. It may start the server again. An operation that ends before the
	// moment comes is no error: the harm is done after it.
	inject func(context.Context, *round) (string, error)
	// events replaces the operation where the harm is in what is asked for.
	events func(context.Context, *round) (string, error)
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
	{name: "event-lost", weight: 1, inject: loseEvents, text: "the server dies, and its queue is lost"},
	{name: "event-moved", weight: 1, events: moveBranch, text: "the branch is moved or deleted behind the server's back"},
	{name: "event-doubled", weight: 1, events: doubleEvents, text: "the same push, retry or delete twice at once"},
	{name: "event-reordered", weight: 1, events: reorderEvents, text: "pushes, deletes and retries of older commits in quick succession"},
	{name: "client-gone", weight: 1, during: []string{"first push", "code push", "Terraform push", "branch delete"}, inject: killClient, text: "kill -9 of the pusher in the middle of a push"},
}

// chosen returns the kinds with these names; with none, all that this system
// lets happen.
func chosen(names []string) ([]kind, error) {
	var kinds []kind
	for _, k := range kindsOfFaults {
		switch named := slices.Contains(names, k.name); {
		case named && k.disk && !hasPrivateMounts():
			return nil, fmt.Errorf("%s needs a small disk, and this system gives no mounts of its own", k.name)
		case named, len(names) == 0 && (!k.disk || hasPrivateMounts()):
			kinds = append(kinds, k)
		}
	}
	return kinds, nil
}

func isKind(name string) bool {
	return slices.ContainsFunc(kindsOfFaults, func(k kind) bool { return k.name == name })
}
