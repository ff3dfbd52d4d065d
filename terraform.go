package aloft

import (
	"context"
	"io"
	"time"
)

// Configuration is one environment's Terraform with all that an engine needs
// to run it.
type Configuration struct {
	Key      EnvironmentKey
	Dir      string            // folder of the .tf files; the engine runs there
	Folder   string            // Dir in the repository, with slashes, as people know it; "" = the root
	DataDir  string            // the engine's own folder (.terraform), kept between runs
	Vars     map[string]string // handed over as TF_VAR_*; undeclared ones are ignored
	VarFile  string            // path of the environment's .tfvars; "" = none
	Backend  Backend           // where the state is
	Reattach string            // TF_REATTACH_PROVIDERS; "" = none
	Env      map[string]string // further variables of the engine's environment (ARM_*, AWS_*…)
	Journal  string            // file that the apply -json stream is appended to; "" = none
	Restored bool              // the lock file in Dir is that of the last apply, not the commit's
	Adopt    []string          // addresses that Apply imports when it is told that they exist already
	Log      io.Writer         // receives what people should see, line by line; nil = nothing
	Timing   Timing            // told of the planning and of each resource; nil = nobody
}

// Backend is where an environment's state is kept.
type Backend struct {
	Type     string            // "http" = Aloft's own; else the backend that the configuration names
	Address  string            // http: URL of the state
	Username string            // http
	Password string            // http; never in the engine's arguments
	Config   map[string]string // other backends: -backend-config pairs, such as key
}

// ConfigurationSummary is what a folder of Terraform says about itself, read
// without running an engine.
type ConfigurationSummary struct {
	Backend   string   // type of the backend block; "" = none
	Settings  string   // digest of what the backend block says; "" = there is none
	Providers []string // sources, such as aloft-dev/aloft, sorted
	Variables []string // names of the declared variables, sorted
	Outputs   []string // names of the declared outputs, sorted
	Local     bool     // uses the provider of the local target
	Outside   bool     // may make what no provider tells of here: modules from elsewhere, provisioners
}

// Action is what a plan does to a resource.
type Action string

// The actions of a plan.
const (
	ActionCreate  Action = "create"
	ActionUpdate  Action = "update"
	ActionReplace Action = "replace"
	ActionDelete  Action = "destroy"
	ActionForget  Action = "forget" // leaves the state, stays in the world
	ActionImport  Action = "import"
	ActionMove    Action = "move" // another address for the same thing
)

// Plan is what an apply would change, fit to be shown: sensitive values are masked.
type Plan struct {
	Changes []Change `json:"changes"`
	Outputs []Change `json:"outputs,omitempty"` // of the state: output.url and so on
	Other   bool     `json:"other,omitempty"`   // the engine knows of changes, and lists none of these
	Drift   []Change `json:"drift,omitempty"`   // what was changed behind Terraform's back
	Digest  string   `json:"digest"`            // of Changes: equal ones have equal digests
	Done    []string `json:"-"`                 // addresses of the Changes that were carried out; of an apply or destroy
}

// Empty reports whether an apply of the plan changes nothing, the state included.
func (p Plan) Empty() bool { return len(p.Changes) == 0 && len(p.Outputs) == 0 && !p.Other }

// LosesData returns the addresses of the resources that hold data and would be
// destroyed or replaced.
func (p Plan) LosesData() []string {
	var list []string
	for _, c := range p.Changes {
		if c.HoldsData && (c.Action == ActionDelete || c.Action == ActionReplace) {
			list = append(list, c.Address)
		}
	}
	return list
}

// Change is what a plan does to one resource, or to one output.
type Change struct {
	Address    string            `json:"address"`
	From       string            `json:"from,omitempty"` // the address that it moves from
	Type       string            `json:"type"`
	Action     Action            `json:"action"`
	HoldsData  bool              `json:"holdsData,omitempty"` // a database, a volume, a bucket, a vault…
	Attributes []AttributeChange `json:"attributes,omitempty"`
}

// AttributeChange is a changed attribute of a resource, as text for people.
type AttributeChange struct {
	Path         string `json:"path"`
	Before       string `json:"before"`
	After        string `json:"after"`
	ForcesAction bool   `json:"forcesReplace,omitempty"` // this attribute is why the resource is replaced
}

// Outputs are the outputs of an apply that Aloft acts on.
type Outputs struct {
	Apps      map[string]AppOutput // nil = no output "apps": an environment of infrastructure only
	Plain     map[string]string    // every other output that is not sensitive, as JSON text
	Sensitive []string             // values of sensitive outputs, to be masked in logs
}

// AppOutput is an entry of the output "apps".
type AppOutput struct {
	Hosting string         `json:"hosting"` // "local", "web-app", "container-app"…
	Name    string         `json:"name"`
	URL     string         `json:"url"`
	More    map[string]any `json:"more,omitempty"` // what deploy for that hosting needs
}

// CreatedResource is a resource that an apply created: where it stands in the
// configuration, and what it is called in the world.
type CreatedResource struct {
	Address string `json:"address"`
	ID      string `json:"id"` // as its provider imports it; "" = it has none
}

// Interrupted is what an apply that was cut off has left.
type Interrupted struct {
	Journal string   // file with the apply -json stream
	State   string   // file with the state that the engine could not store; "" = none
	CutOff  []string // what is known to have been cut off before, see Recovery
	Finish  bool     // finish the creations that told no end, so that a destroy finds what they made
}

// Recovery is what became of that.
type Recovery struct {
	Stored   bool              // the left state is in the backend now, or was known there
	Imported []CreatedResource // created, and imported into the state just now
	Strays   []CreatedResource // created, not in the state, and not to be imported
	CutOff   []string          // addresses whose creation began and told no good end: it may have happened
}

// Lock is the lock of a state, in the terms of Terraform's HTTP backend.
type Lock struct {
	ID        string    `json:"ID"`
	Operation string    `json:"Operation"`
	Info      string    `json:"Info"`
	Who       string    `json:"Who"`
	Version   string    `json:"Version"`
	Created   time.Time `json:"Created"`
	Path      string    `json:"Path"`
	RunID     int64     `json:"-"` // the run that holds it; 0 = a person
}

// StateVersion is one version of an environment's state.
type StateVersion struct {
	EnvironmentKey
	Version   int64     `json:"version"` // from 1, per environment, never used again
	Serial    int64     `json:"serial"`  // Terraform's own
	Lineage   string    `json:"lineage"`
	Resources int       `json:"resources"` // managed resources in it, or UnknownResources
	SizeBytes int64     `json:"sizeBytes"` // before sealing
	RunID     int64     `json:"runID,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	Aside     string    `json:"aside,omitempty"`  // StateDeleted, or why it was refused; "" = it is in the history
	AsideAt   time.Time `json:"asideAt,omitzero"` // since when
}

// StateVersionsKept is how many versions of each state are kept.
const StateVersionsKept = 50

// StateStore keeps sealed state versions and locks. Missing ones are CodeNotFound.
type StateStore interface {
	// PutState adds a version and prunes those beyond StateVersionsKept. What
	// CheckWrite refuses is CodeConflict: it is kept aside, as the returned version
	// tells. A project that is not there is CodeNotFound.
	PutState(ctx context.Context, version StateVersion, sealed []byte, lockID string) (StateVersion, error)
	// RestoreState adds a version on a person's word, whatever its serial and
	// lineage. When the state is locked by another lockID it is CodeConflict.
	RestoreState(ctx context.Context, version StateVersion, sealed []byte, lockID string) (StateVersion, error)
	// State returns a version, also one that is kept aside; 0 = the newest in the history.
	State(ctx context.Context, key EnvironmentKey, version int64) (StateVersion, []byte, error)
	StateVersions(ctx context.Context, key EnvironmentKey) ([]StateVersion, error) // newest first
	// StatesAside returns what is kept aside for a while, newest first.
	StatesAside(ctx context.Context, key EnvironmentKey) ([]StateVersion, error)
	// DeleteState puts all versions aside and forgets the lock. When the newest
	// holds resources it is CodeConflict.
	DeleteState(ctx context.Context, key EnvironmentKey) error
	// DiscardState is DeleteState although resources are lost with it: a person's word.
	DiscardState(ctx context.Context, key EnvironmentKey) error
	// LockState takes the lock. If another has it, it returns that one and
	// CodeConflict. A project that is not there is CodeNotFound.
	LockState(ctx context.Context, key EnvironmentKey, lock Lock) (Lock, error)
	// UnlockState releases the lock with that ID, "" = any, for a run, 0 = a
	// person, and returns it. A run opens its own locks only, and nobody else those
	// of a run that is running: CodeConflict.
	UnlockState(ctx context.Context, key EnvironmentKey, id string, runID int64) (Lock, error)
	StateLock(ctx context.Context, key EnvironmentKey) (Lock, error)
	// UnlockRun releases every lock of a run that has ended.
	UnlockRun(ctx context.Context, runID int64) ([]EnvironmentKey, error)
}
