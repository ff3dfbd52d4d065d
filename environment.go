package aloft

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
)

// BranchPrefix starts the name of every branch that is an environment.
const BranchPrefix = "env-"

// Limits of names, in characters.
const (
	MaxEnvironmentName = 20
	MaxProjectName     = 40
	MaxAppName         = 30
)

var nameRule = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// EnvironmentKey names an environment everywhere: in records, URLs and state keys.
type EnvironmentKey struct {
	Project     string `json:"project"`
	Environment string `json:"environment"` // without the env- prefix
}

// String returns "project/environment".
func (k EnvironmentKey) String() string { return k.Project + "/" + k.Environment }

// Branch returns the branch whose head is the environment's desired state.
func (k EnvironmentKey) Branch() string { return BranchPrefix + k.Environment }

// StateKey returns the key of the environment's Terraform state.
func (k EnvironmentKey) StateKey() string { return k.String() + ".tfstate" }

// Validate checks both names of the key.
func (k EnvironmentKey) Validate() error {
	if err := ValidateProjectName(k.Project); err != nil {
		return err
	}
	return ValidateEnvironmentName(k.Environment)
}

// EnvironmentOfBranch applies the branch rule. For a branch that does not start
// with "env-" it returns "", nil: such branches are stored and do nothing. For
// one that breaks the rule it returns a CodeInvalid error which names the rule
// and the nearest valid branch.
func EnvironmentOfBranch(branch string) (string, error) {
	name, ok := strings.CutPrefix(branch, BranchPrefix)
	if !ok {
		return "", nil
	}
	if err := ValidateEnvironmentName(name); err != nil {
		return "", err
	}
	return name, nil
}

// ValidateEnvironmentName checks the part of an environment's branch after "env-".
func ValidateEnvironmentName(name string) error {
	return validateName("environment", BranchPrefix, name, MaxEnvironmentName)
}

// ValidateProjectName checks the name of a project.
func ValidateProjectName(name string) error {
	return validateName("project", "", name, MaxProjectName)
}

// ValidateAppName checks the name of an app or of an add-on in a project.
func ValidateAppName(name string) error {
	return validateName("app", "", name, MaxAppName)
}

func validateName(noun, prefix, name string, limit int) error {
	if nameRule.MatchString(name) && len(name) <= limit && !strings.HasSuffix(name, "-") {
		return nil
	}
	err := Errorf(CodeInvalid,
		"%s name %q is not valid: after %q come 1 to %d characters a-z, 0-9 and -, neither starting nor ending with -",
		noun, prefix+name, prefix, limit)
	if prefix == "" {
		err = Errorf(CodeInvalid,
			"%s name %q is not valid: it takes 1 to %d characters a-z, 0-9 and -, neither starting nor ending with -",
			noun, name, limit)
	}
	if near := NearestName(name, limit); near != "" {
		return err.WithHint("the nearest valid name is %s", prefix+near)
	}
	return err
}

// NearestName returns the valid name that is closest to name, or "" if nothing
// of it can be kept.
func NearestName(name string, limit int) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	near := b.String()
	if len(near) > limit {
		near = near[:limit]
	}
	return strings.TrimRight(near, "-")
}

// EnvironmentStatus tells how an environment is.
type EnvironmentStatus string

// The statuses of an environment. EnvironmentStatus.CanBecome holds the allowed moves.
const (
	EnvironmentCreating   EnvironmentStatus = "creating"   // the first run is on its way
	EnvironmentReady      EnvironmentStatus = "ready"      // what the branch points at runs
	EnvironmentUpdating   EnvironmentStatus = "updating"   // a later run is on its way
	EnvironmentDegraded   EnvironmentStatus = "degraded"   // running, but a run failed or drift was found
	EnvironmentFailed     EnvironmentStatus = "failed"     // nothing serves: the first run failed
	EnvironmentSleeping   EnvironmentStatus = "sleeping"   // stopped while idle, wakes on request
	EnvironmentDestroying EnvironmentStatus = "destroying" // a destroy is on its way
	EnvironmentDestroyed  EnvironmentStatus = "destroyed"  // nothing is left
)

var environmentMoves = map[EnvironmentStatus][]EnvironmentStatus{
	EnvironmentCreating:   {EnvironmentReady, EnvironmentFailed, EnvironmentDestroying},
	EnvironmentReady:      {EnvironmentUpdating, EnvironmentDegraded, EnvironmentSleeping, EnvironmentDestroying},
	EnvironmentUpdating:   {EnvironmentReady, EnvironmentDegraded, EnvironmentDestroying},
	EnvironmentDegraded:   {EnvironmentReady, EnvironmentUpdating, EnvironmentDestroying},
	EnvironmentFailed:     {EnvironmentCreating, EnvironmentDestroying},
	EnvironmentSleeping:   {EnvironmentReady, EnvironmentUpdating, EnvironmentDegraded, EnvironmentDestroying},
	EnvironmentDestroying: {EnvironmentDestroyed, EnvironmentDegraded, EnvironmentFailed},
	EnvironmentDestroyed:  {EnvironmentCreating},
}

// CanBecome reports whether the move from s to next is allowed. Staying is.
func (s EnvironmentStatus) CanBecome(next EnvironmentStatus) bool {
	return s == next || slices.Contains(environmentMoves[s], next)
}

// Busy reports whether a run is on its way in the environment.
func (s EnvironmentStatus) Busy() bool {
	return s == EnvironmentCreating || s == EnvironmentUpdating || s == EnvironmentDestroying
}

// Environment is an env-* branch made real.
type Environment struct {
	EnvironmentKey
	Status    EnvironmentStatus `json:"status"`
	Reason    string            `json:"reason,omitempty"`   // why the status is what it is, when that needs saying
	Revision  string            `json:"revision,omitempty"` // commit that runs; "" before the first success
	Owner     string            `json:"owner,omitempty"`    // author of the newest push
	URLs      map[string]string `json:"urls,omitempty"`     // app name to URL
	Protected bool              `json:"protected"`          // see the manifest's "protected"
	TTL       time.Duration     `json:"ttl,omitempty"`      // life after the last push; 0 = for ever
	ExpiresAt time.Time         `json:"expiresAt,omitzero"`
	SizeBytes int64             `json:"sizeBytes"` // on this machine's disk, as last measured
	CreatedAt time.Time         `json:"createdAt"`
	UpdatedAt time.Time         `json:"updatedAt"`

	// Blocked is set while disk, records and state disagree: nothing is done to the
	// environment, whatever its status, but to keep its apps running. Disagreement
	// says in a sentence what disagrees, and what the choices are.
	Blocked      bool   `json:"blocked"`
	Disagreement string `json:"disagreement,omitempty"`

	// ProvisionKey digests the inputs of the last successful apply: a run with
	// the same key need not provision. It is "" when a provision must not be skipped.
	ProvisionKey string `json:"-"`
}

// Project is a repository that Aloft serves.
type Project struct {
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`

	// Repository is the identity of the git repository that the records are about;
	// "" until it was looked at for the first time.
	Repository string `json:"-"`
}

// EnvironmentStore keeps projects and environments. Missing ones are CodeNotFound.
type EnvironmentStore interface {
	CreateProject(ctx context.Context, name string) (Project, error) // existing: CodeConflict
	Project(ctx context.Context, name string) (Project, error)
	Projects(ctx context.Context) ([]Project, error)
	// IdentifyProject remembers which repository the records of a project are about.
	IdentifyProject(ctx context.Context, name, repository string) error
	Environment(ctx context.Context, key EnvironmentKey) (Environment, error)
	Environments(ctx context.Context, filter EnvironmentFilter) ([]Environment, error)
	// UpdateEnvironment loads, changes and saves in one transaction. A change of
	// status that the table does not allow is CodeConflict and saves nothing.
	UpdateEnvironment(ctx context.Context, key EnvironmentKey, change func(*Environment) error) (Environment, error)
}

// EnvironmentFilter narrows a list of environments.
type EnvironmentFilter struct {
	Project   string // "" = all
	Destroyed bool   // also those that no longer exist
}
