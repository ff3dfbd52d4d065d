package aloft

import (
	"context"
	"time"
)

// ReleaseStatus tells how a release is.
type ReleaseStatus string

// The statuses of a release.
const (
	ReleaseActive  ReleaseStatus = "active"  // has the route
	ReleaseRetired ReleaseStatus = "retired" // had it once; can be returned to
	ReleaseFailed  ReleaseStatus = "failed"  // never answered, or was withdrawn with the run that brought it
)

// Release is an artifact running, or that once ran, in an environment.
type Release struct {
	EnvironmentKey
	App       string        `json:"app"`
	Number    int64         `json:"number"` // from 1, per environment and app
	RunID     int64         `json:"runID"`
	Revision  string        `json:"revision"`
	Artifact  Artifact      `json:"artifact"`
	Spec      App           `json:"spec"` // commands, health path: as they were
	SlotKey   string        `json:"-"`    // digest of the slot it was deployed to
	Status    ReleaseStatus `json:"status"`
	Reason    string        `json:"reason,omitempty"`
	CreatedAt time.Time     `json:"createdAt"`
}

// ReleaseStore keeps releases.
type ReleaseStore interface {
	// AddRelease records a release and numbers it. Adding an active one retires
	// the active one before it.
	AddRelease(ctx context.Context, release Release) (Release, error)
	// WithdrawRelease makes the active release of an app a failed or a retired one, for
	// this reason. Without an active one it does nothing.
	WithdrawRelease(ctx context.Context, key EnvironmentKey, app string, as ReleaseStatus, reason string) error
	Releases(ctx context.Context, key EnvironmentKey) ([]Release, error) // newest first
	DeleteReleases(ctx context.Context, key EnvironmentKey) error
}

// Slot is an app of a local environment as Terraform declares it
// (aloft_app): a place with a URL that waits for a release.
type Slot struct {
	EnvironmentKey
	App         string            `json:"app"`
	Command     string            `json:"command,omitempty"`     // overrides the app's start command; runs with sh -c
	Variables   map[string]string `json:"variables,omitempty"`   // into the app's environment; sealed at rest
	Instances   int               `json:"instances"`             // processes that share the route; at least 1
	HealthPath  string            `json:"healthPath,omitempty"`  // overrides the app's health path
	MemoryLimit int64             `json:"memoryLimit,omitempty"` // bytes for each process; 0 = none
	URL         string            `json:"url"`
	Creation    string            `json:"creation,omitempty"` // which creation it is; see Claim
}

// Database is a PostgreSQL database of a local environment (aloft_postgresql).
type Database struct {
	EnvironmentKey
	Name     string `json:"name"`     // name of the add-on in the environment
	Database string `json:"database"` // name on the server
	Username string `json:"username"`
	Password string `json:"password"` // sealed at rest
	Host     string `json:"host"`
	Port     int    `json:"port"`
	URL      string `json:"url"`                // postgresql://…, password included
	Creation string `json:"creation,omitempty"` // which creation it is; see Claim
	Cluster  string `json:"-"`                  // identity of the PostgreSQL server's data that it was made in; "" = nobody has looked
}

// AnyCluster is the cluster of a database that may be made anew wherever the server
// is, on a person's word.
const AnyCluster = "any"

// Group is what belongs together as a local environment (aloft_environment).
type Group struct {
	URL      string `json:"url"`
	Creation string `json:"creation,omitempty"` // which creation it is; see Claim
}

// LocalStore keeps what Terraform declared for the local target. Missing ones
// are CodeNotFound. Put inserts or replaces.
type LocalStore interface {
	PutGroup(ctx context.Context, key EnvironmentKey, creation string) error // aloft_environment
	GroupCreation(ctx context.Context, key EnvironmentKey) (string, error)
	DeleteGroup(ctx context.Context, key EnvironmentKey) error
	PutSlot(ctx context.Context, slot Slot) error
	Slot(ctx context.Context, key EnvironmentKey, app string) (Slot, error)
	Slots(ctx context.Context, key EnvironmentKey) ([]Slot, error)
	DeleteSlot(ctx context.Context, key EnvironmentKey, app string) error
	PutDatabase(ctx context.Context, database Database) error
	Database(ctx context.Context, key EnvironmentKey, name string) (Database, error)
	Databases(ctx context.Context, key EnvironmentKey) ([]Database, error)
	DeleteDatabase(ctx context.Context, key EnvironmentKey, name string) error
}
