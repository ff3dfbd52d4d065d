package terraform

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aloft-dev/aloft"
)

// PlanOptions narrow a plan.
type PlanOptions struct {
	Destroy bool // what destroying everything would change
}

// Plan returns what an apply would change and changes nothing, the state's lock
// included: whoever applies meanwhile is not held up, and does not hold it up. A
// configuration that is not valid is CodeInvalid, anything else that goes wrong
// CodeFailed.
func (e *Engine) Plan(ctx context.Context, c aloft.Configuration, o PlanOptions) (aloft.Plan, error) {
	dir, err := planFolder(c)
	if err != nil {
		return aloft.Plan{}, fmt.Errorf("cannot plan %s: %w", c.Key, err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "plan")
	args := []string{"plan", "-json", "-input=false", "-lock=false", "-detailed-exitcode", "-out=" + file}
	if o.Destroy {
		args = append(args, "-destroy")
	}
	s, err := e.stream(ctx, c, "plan", "", args)
	if err != nil {
		return aloft.Plan{}, err
	}
	var out bytes.Buffer
	if err := e.exec(ctx, c, &out, "show", "-json", file); err != nil {
		return aloft.Plan{}, e.failure(ctx, c, "plan", nil, err)
	}
	plan, err := parsePlan(out.Bytes())
	plan.Other = err == nil && s.differs && plan.Empty()
	return plan, err
}

// planDiffers is how an engine ends a plan with -detailed-exitcode that changes something.
const planDiffers = 2

// differs reports whether err is that end, and no failure.
func differs(args []string, err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && exit.ExitCode() == planDiffers && slices.Contains(args, "-detailed-exitcode")
}

// planFolder makes a folder for the file of a plan in the configuration's folder:
// what a killed server leaves of it goes with the checkout.
func planFolder(c aloft.Configuration) (string, error) {
	return os.MkdirTemp(absolute(c.Dir), ".aloft-plan-*")
}

// parsePlan converts what `show -json` writes of a plan.
func parsePlan(data []byte) (aloft.Plan, error) {
	var raw tfjson.Plan
	raw.UseJSONNumber(true)
	if err := json.Unmarshal(data, &raw); err != nil {
		return aloft.Plan{}, fmt.Errorf("cannot read the plan of the engine: %w", err)
	}
	hidden := planSecrets(&raw)
	return newPlan(convert(raw.ResourceChanges, hidden), convertOutputs(raw.OutputChanges, hidden), convert(raw.ResourceDrift, hidden)), nil
}

// newPlan orders changes by address and digests them.
func newPlan(changes, outputs, drift []aloft.Change) aloft.Plan {
	byAddress := func(a, b aloft.Change) int { return strings.Compare(a.Address, b.Address) }
	slices.SortStableFunc(changes, byAddress)
	slices.SortStableFunc(outputs, byAddress)
	slices.SortStableFunc(drift, byAddress)
	text, err := json.Marshal(changes)
	if err != nil {
		panic(err) // a Change holds nothing but text
	}
	sum := sha256.Sum256(text)
	return aloft.Plan{Changes: changes, Outputs: outputs, Drift: drift, Digest: hex.EncodeToString(sum[:])}
}

func convert(list []*tfjson.ResourceChange, hidden secrets) []aloft.Change {
	var changes []aloft.Change
	for _, r := range list {
		if r == nil || r.Change == nil || r.Mode == tfjson.DataResourceMode {
			continue
		}
		action, ok := actionOf(r.Change)
		if !ok && r.PreviousAddress != "" && r.PreviousAddress != r.Address {
			action, ok = aloft.ActionMove, true
		}
		if !ok {
			continue
		}
		change := aloft.Change{Address: r.Address, Type: r.Type, Action: action, HoldsData: holdsData(r.Type)}
		if r.DeposedKey != "" {
			change.Address += " (deposed object " + r.DeposedKey + ")"
		}
		if r.PreviousAddress != r.Address {
			change.From = r.PreviousAddress
		}
		if action != aloft.ActionDelete && action != aloft.ActionForget {
			change.Attributes = attributes(r.Change, hidden)
		}
		changes = append(changes, change)
	}
	return changes
}

// outputType is the type of a change that is an output's.
const outputType = "output"

func convertOutputs(outputs map[string]*tfjson.Change, hidden secrets) []aloft.Change {
	var changes []aloft.Change
	for name, c := range outputs {
		if c == nil {
			continue
		}
		action, ok := actionOf(c)
		if !ok {
			continue
		}
		change := aloft.Change{Address: outputType + "." + name, Type: outputType, Action: action}
		if action != aloft.ActionDelete {
			change.Attributes = attributes(c, hidden)
		}
		changes = append(changes, change)
	}
	return changes
}

// actionOf returns what a change does, and false for what changes nothing.
func actionOf(c *tfjson.Change) (aloft.Action, bool) {
	creates := slices.Contains(c.Actions, tfjson.ActionCreate)
	deletes := slices.Contains(c.Actions, tfjson.ActionDelete)
	switch {
	case creates && deletes:
		return aloft.ActionReplace, true
	case creates:
		return aloft.ActionCreate, true // also "forget, create": the old one stays in the world
	case deletes:
		return aloft.ActionDelete, true
	case c.Actions.Update():
		return aloft.ActionUpdate, true
	case c.Actions.Forget():
		return aloft.ActionForget, true
	}
	return aloft.ActionImport, c.Importing != nil
}

// planSecrets collects every sensitive text of a plan: an engine does not mark
// all the places into which such a text is copied.
func planSecrets(p *tfjson.Plan) secrets {
	var s secrets
	if p.Config != nil && p.Config.RootModule != nil {
		for name, variable := range p.Config.RootModule.Variables {
			if value := p.Variables[name]; variable != nil && variable.Sensitive && value != nil {
				s.addValue(value.Value)
			}
		}
	}
	for _, list := range [][]*tfjson.ResourceChange{p.ResourceChanges, p.ResourceDrift} {
		for _, r := range list {
			if r != nil {
				s.addChange(r.Change)
			}
		}
	}
	for _, change := range p.OutputChanges {
		s.addChange(change)
	}
	return s.sorted()
}

func (s *secrets) addChange(c *tfjson.Change) {
	if c != nil {
		s.addMarked(c.Before, c.BeforeSensitive)
		s.addMarked(c.After, c.AfterSensitive)
	}
}

// addMarked adds the texts of value at the places that marks marks.
func (s *secrets) addMarked(value, marks any) {
	if marks == true {
		s.addValue(value)
		return
	}
	for _, step := range steps(value, marks) {
		s.addMarked(child(value, step), child(marks, step))
	}
}
