package aloft

import (
	"context"
	"io"
	"time"
)

// Push is what a git client asks of the embedded remote.
type Push struct {
	Project string
	Updates []RefUpdate
	Options []string // push options as sent: "detach", "plan", "ttl=72h", "skip-build", "destroy"
	Actor   string   // who authenticated, as far as known

	ReceivedAt time.Time // when it reached the server; its objects came after that
}

// RefUpdate is one command of a push. The objects are already in the repository.
type RefUpdate struct {
	Ref string // full name, such as refs/heads/env-alice
	Old string // commit the client believes the ref has; "" = none
	New string // commit it wants; "" = delete
}

// RefResult answers a RefUpdate.
type RefResult struct {
	Ref    string
	Reason string // "" = accepted; else why the ref did not move, in a few words
	Kept   bool   // accepted, but the ref stays where it is (a plan, a detached run)
}

// Receiver acts on a push.
type Receiver interface {
	// Admit looks at a push as a whole, before its objects are there and before any
	// ref moves. An error refuses all of it.
	Admit(ctx context.Context, push Push) error
	// Receive carries a push out. It streams what people should see to
	// progress and answers each update of a branch in order; an accepted one that is
	// not Kept has been carried out: the ref has moved. When ctx ends (the pusher
	// detached) it returns at once and what it began goes on.
	Receive(ctx context.Context, push Push, progress io.Writer) []RefResult
}

// Absent is what of a commit is not among its files when it is checked out.
type Absent struct {
	Submodules []string // folders that stay empty
	Pointers   []string // files of Git LFS: pointers in their place
}

// Commit is what Aloft shows of a commit.
type Commit struct {
	ID      string
	Author  string // "Name <mail>"
	Subject string
	Time    time.Time
}
