package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aloft-dev/aloft"
)

// applied remembers what the last applies of an environment were made with, so
// that a destroy or a repair works when the branch is gone. The files
// themselves are kept by git: each revision is held by a hidden ref.
type applied struct {
	Attempt configuration `json:"attempt"` // the newest apply, whether or not it succeeded
	Last    configuration `json:"last"`    // the newest that succeeded

	// State is the version of the state that the last apply left; nil = it was not
	// noted, or Aloft does not keep the state. Another version means that somebody
	// else has changed the state since, an older one that records were lost.
	State *stateMark `json:"state,omitempty"`

	// Made is what the last apply left on the local target, as Deployer.Made tells it:
	// what is gone of that is a difference.
	Made []string `json:"made,omitempty"`

	// Asked is the backend that a push was refused for, since what was applied went to
	// another; Moved is one that somebody says the state was moved to.
	Asked *backend `json:"asked,omitempty"`
	Moved *backend `json:"moved,omitempty"`

	// Settled is set when all that Attempt has done is in the state or below,
	// although it did not end well.
	Settled bool                    `json:"settled,omitempty"`
	CutOff  []string                `json:"cutOff,omitempty"` // addresses that may exist, unknown to the state
	Strays  []aloft.CreatedResource `json:"strays,omitempty"` // created, and not to be brought into the state
}

// stateMark names a version of a state; version 0 = none, on a person's word.
type stateMark struct {
	Version int64 `json:"version"`
}

// configuration is one apply's inputs and what came of it.
type configuration struct {
	RunID     int64                      `json:"runID"`
	Revision  string                     `json:"revision"`
	Backend   string                     `json:"backend,omitempty"`   // type, as the configuration names it
	Settings  string                     `json:"settings,omitempty"`  // digest of the settings of its backend
	Sensitive []byte                     `json:"sensitive,omitempty"` // values of sensitive outputs, sealed
	Engine    string                     `json:"engine,omitempty"`    // as the manifest asked
	Folder    string                     `json:"folder,omitempty"`    // of the Terraform files, in the repository
	Vars      map[string]string          `json:"vars,omitempty"`
	VarFile   string                     `json:"varFile,omitempty"`   // relative to Folder
	Providers []string                   `json:"providers,omitempty"` // sources, as the configuration names them
	Outside   bool                       `json:"outside,omitempty"`   // may have made what no provider tells of
	Lock      []byte                     `json:"lock,omitempty"`      // provider lock file, when the commit has none
	Apps      map[string]aloft.AppOutput `json:"apps,omitempty"`
	Place     string                     `json:"place,omitempty"` // where the local target was; "" = not used, or not noted
}

const lockFile = ".terraform.lock.hcl"

// none reports whether nothing is known to have been applied: it never was, or what
// told of it is lost.
func (a applied) none() bool { return a.Attempt.Revision == "" && a.Last.Revision == "" }

// lastHold is the name under which the repository holds the commit of the last apply
// that succeeded: it outlives what the data folder and the records tell of it.
func lastHold(key aloft.EnvironmentKey) string { return "environments/" + key.Environment + "/last" }

func (p *Pipeline) appliedPath(key aloft.EnvironmentKey) string {
	return filepath.Join(p.environmentDir(key), "applied.json")
}

func (p *Pipeline) applied(key aloft.EnvironmentKey) (applied, error) {
	var a applied
	data, err := os.ReadFile(p.appliedPath(key))
	if errors.Is(err, os.ErrNotExist) {
		return a, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	if err != nil {
		return a, fmt.Errorf("cannot read what was last applied to %s: %w", key, err)
	}
	return a, nil
}

func (p *Pipeline) saveApplied(key aloft.EnvironmentKey, a applied) error {
	data, err := json.MarshalIndent(a, "", "  ")
	if err == nil {
		err = aloft.ReplaceFile(p.appliedPath(key), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("cannot keep what is applied to %s: %w", key, err)
	}
	return nil
}
