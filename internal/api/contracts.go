package api

import (
	"context"
	"io"
	"time"

	"github.com/aloft-dev/aloft"
)

// Store is what the API reads of the records. The one thing it changes there is
// an environment's time to live. Missing records are CodeNotFound.
type Store interface {
	Project(ctx context.Context, name string) (aloft.Project, error)
	Projects(ctx context.Context) ([]aloft.Project, error)
	Environment(ctx context.Context, key aloft.EnvironmentKey) (aloft.Environment, error)
	Environments(ctx context.Context, filter aloft.EnvironmentFilter) ([]aloft.Environment, error)
	UpdateEnvironment(ctx context.Context, key aloft.EnvironmentKey, change func(*aloft.Environment) error) (aloft.Environment, error)
	Run(ctx context.Context, id int64) (aloft.Run, error)
	Runs(ctx context.Context, filter aloft.RunFilter) ([]aloft.Run, error)
	Steps(ctx context.Context, runID int64) ([]aloft.Step, error)
	Releases(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.Release, error)
}

// Runs accepts runs and acts on those under way.
type Runs interface {
	Accept(ctx context.Context, run aloft.Run) (aloft.Run, error)
	// Settle takes what is there as right, although disk, records and state disagree.
	Settle(ctx context.Context, key aloft.EnvironmentKey) (aloft.Environment, error)
	// Holdings lists the apps and the databases that the local target holds.
	Holdings(ctx context.Context, key aloft.EnvironmentKey) (apps, databases []string, err error)
	Cancel(ctx context.Context, id int64, actor string) error          // finished: CodeConflict
	Approve(ctx context.Context, id int64, digest, actor string) error // another plan waits, or none: CodeConflict
	// Log writes the log of a run. With follow it returns when the run has ended.
	Log(ctx context.Context, id int64, follow bool, w io.Writer) error
	Plan(ctx context.Context, id int64) (aloft.Plan, error)         // none made yet: CodeNotFound
	Trace(ctx context.Context, id int64) (aloft.Trace, error)       // its files were removed: CodeNotFound
	Unrecorded(ctx context.Context) ([]aloft.EnvironmentKey, error) // what repositories tell of and the records do not
	CreateProject(ctx context.Context, name string) (aloft.Project, error)
	DeleteProject(ctx context.Context, name string) error // environments left: CodeConflict
}

// History is the kept versions of the Terraform states, opened.
type History interface {
	Versions(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error)       // newest first
	Aside(ctx context.Context, key aloft.EnvironmentKey) ([]aloft.StateVersion, error)          // deleted or refused
	Lock(ctx context.Context, key aloft.EnvironmentKey) (aloft.Lock, error)                     // not locked: CodeNotFound
	Read(ctx context.Context, key aloft.EnvironmentKey, version int64) ([]byte, error)          // 0 = the newest
	Restore(ctx context.Context, key aloft.EnvironmentKey, v int64) (aloft.StateVersion, error) // locked: CodeConflict
}

// Apps is the local target's group and app slots, and one-off commands in an app.
type Apps interface {
	PutGroup(ctx context.Context, key aloft.EnvironmentKey, claim aloft.Claim) (aloft.Group, error)
	Group(ctx context.Context, key aloft.EnvironmentKey) (aloft.Group, error)
	DeleteGroup(ctx context.Context, key aloft.EnvironmentKey, creation string) error
	PutSlot(ctx context.Context, slot aloft.Slot, claim aloft.Claim) (aloft.Slot, error)
	Slot(ctx context.Context, key aloft.EnvironmentKey, app string) (aloft.Slot, error)
	DeleteSlot(ctx context.Context, key aloft.EnvironmentKey, app, creation string) error
	// Run runs a command with the app's environment and the files of its release.
	Run(ctx context.Context, key aloft.EnvironmentKey, app string, args []string, w io.Writer) (exitCode int, err error)
}

// Databases is the local target's PostgreSQL databases.
type Databases interface {
	PutDatabase(ctx context.Context, key aloft.EnvironmentKey, name string, claim aloft.Claim) (aloft.Database, error)
	Database(ctx context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error)
	DeleteDatabase(ctx context.Context, key aloft.EnvironmentKey, name, creation string) error
}

// Logs is what the apps of an environment wrote.
type Logs interface {
	// Logs writes the last lines of an app ("" = of all), then, with follow,
	// what comes until ctx ends.
	Logs(ctx context.Context, key aloft.EnvironmentKey, app string, lines int, follow bool, w io.Writer) error
}

// Processes tells what runs of an environment on this machine.
type Processes interface {
	Processes(key aloft.EnvironmentKey) []Process
}

// Process is one process of an app.
type Process struct {
	App         string    `json:"app"`
	Process     string    `json:"process"`  // "web", or its name in the Procfile or manifest
	Instance    int       `json:"instance"` // from 1
	PID         int       `json:"pid,omitempty"`
	State       string    `json:"state"`
	StartedAt   time.Time `json:"startedAt,omitzero"`
	Restarts    int       `json:"restarts"`
	MemoryBytes int64     `json:"memoryBytes,omitempty"`
	LastExit    string    `json:"lastExit,omitempty"` // why it last ended, for people
}

// Backups writes all that the server keeps.
type Backups interface {
	Backup(ctx context.Context, w io.Writer) error // another is being written: CodeConflict
}

// Events tells that something changed.
type Events interface {
	// Subscribe returns a channel of changes that is closed when ctx ends.
	Subscribe(ctx context.Context) <-chan Event
}

// Event tells that something of an environment, or of one of its runs, changed.
type Event struct {
	Key   aloft.EnvironmentKey
	RunID int64 // 0 = the environment itself
}
