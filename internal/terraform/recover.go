package terraform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aloft-dev/aloft"
)

// UnsavedState is the file in a Configuration's Dir into which an engine puts
// the state that it cannot store.
const UnsavedState = "errored.tfstate"

// refusedState is in what an engine says when a state does not follow from the
// one in the backend.
var refusedState = regexp.MustCompile(`cannot (import|overwrite existing) state|HTTP error: 409`)

// Recover brings the state up to what an interrupted apply of the same
// configuration has done: it stores the state that the engine could not store,
// and imports what the journal tells of and the state lacks. In the world it
// changes at most what it imports. After Init; errors are those of Plan.
func (e *Engine) Recover(ctx context.Context, c aloft.Configuration, left aloft.Interrupted) (aloft.Recovery, error) {
	var r aloft.Recovery
	if left.State != "" {
		stored, err := e.pushState(ctx, c, left.State)
		if err != nil {
			return r, err
		}
		r.Stored = stored
	}
	told, err := readJournal(left.Journal)
	for _, address := range left.CutOff {
		if !slices.Contains(told.begun, address) {
			told.begun = append(told.begun, address)
		}
	}
	if err != nil || len(told.created)+len(told.begun) == 0 {
		return r, err
	}
	known, err := e.readState(ctx, c)
	if err != nil {
		return r, err
	}
	missing := known.lacks(told.created)
	if len(missing) > 0 {
		if err := e.importAll(ctx, c, missing); err != nil {
			return r, err
		}
		if known, err = e.readState(ctx, c); err != nil {
			return r, err
		}
	}
	r.Imported, r.Strays = known.split(missing)
	r.CutOff = known.without(told.begun)
	if left.Finish && len(r.CutOff) > 0 {
		r.CutOff, err = e.finish(ctx, c, r.CutOff)
	}
	return r, err
}

// finish applies what was cut off, and that only; what exists already is
// imported. It returns what it could not finish.
func (e *Engine) finish(ctx context.Context, c aloft.Configuration, addresses []string) ([]string, error) {
	c.Adopt = addresses
	args := []string{"apply", "-json", "-input=false", "-auto-approve"}
	for _, address := range addresses {
		args = append(args, "-target="+address)
	}
	_, err := e.applyAdopting(ctx, c, args)
	switch {
	case err == nil:
		return nil, nil
	case ctx.Err() != nil:
		return addresses, err
	}
	logLine(c.Log, "cannot finish what was cut off: "+err.Error())
	return addresses, nil
}

// onlyInState reports whether a resource is nothing outside the state, so that
// one which got lost leaves nothing behind.
func onlyInState(address string) bool {
	kind := address[strings.LastIndex(address, "module.")+1:]
	for part := range strings.SplitSeq(kind, ".") {
		for _, prefix := range []string{"terraform_data", "null_resource", "random_", "time_", "tls_"} {
			if strings.HasPrefix(part, prefix) {
				return true
			}
		}
	}
	return false
}

// pushState stores the state in the file at path. It reports false when that is
// cut off, or the backend has one that it does not follow from: a newer one, or
// another's.
func (e *Engine) pushState(ctx context.Context, c aloft.Configuration, path string) (bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("cannot read the state that was left of %s: %w", c.Key, err)
	}
	if !json.Valid(text) {
		return false, nil // the disk was full when it was written: the journal has to do
	}
	if left := readEnvelope(text); left.encrypted() {
		return e.pushEncrypted(ctx, c, left, text)
	}
	var said bytes.Buffer
	c.Log = &said
	err = e.exec(ctx, c, io.Discard, "state", "push", "-no-color", absolute(path))
	switch {
	case err == nil:
		return true, nil
	case ctx.Err() != nil:
		return false, e.failure(ctx, c, "store the state of", nil, err)
	case refusedState.Match(said.Bytes()):
		return false, nil
	}
	return false, aloft.Errorf(aloft.CodeFailed, "cannot store the state of %s: %s", c.Key, presentable(c, paragraph(said.String()))).
		WithHint("%s", cmp.Or(stateHint(c.Key, said.String()), "the state is kept: correct it and push again"))
}

// knownResources are the attributes of the managed resources in a state, by address.
type knownResources map[string]map[string]any

// lacks returns those of the created resources that the state does not know.
func (k knownResources) lacks(created []identified) []identified {
	return slices.DeleteFunc(slices.Clone(created), func(r identified) bool {
		attributes, ok := k[r.Address]
		return ok && (r.ID == "" || fmt.Sprint(attributes[r.key]) == r.ID)
	})
}

// split tells apart what was imported of the missing resources and what was not.
func (k knownResources) split(missing []identified) (imported, strays []aloft.CreatedResource) {
	for _, m := range missing {
		switch {
		case len(k.lacks([]identified{m})) == 0:
			imported = append(imported, m.CreatedResource)
		case !onlyInState(m.Address):
			strays = append(strays, m.CreatedResource)
		}
	}
	return imported, strays
}

// without returns those of the addresses that the state does not know.
func (k knownResources) without(addresses []string) []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(address string) bool {
		_, ok := k[address]
		return ok
	})
}

func (e *Engine) readState(ctx context.Context, c aloft.Configuration) (knownResources, error) {
	var out bytes.Buffer
	if err := e.exec(ctx, c, &out, append([]string{"show", "-json"}, e.earlyVarFile(c)...)...); err != nil {
		return nil, e.failure(ctx, c, "read the state of", nil, err)
	}
	return parseState(out.Bytes())
}

// parseState reads what `show -json` writes of a state.
func parseState(data []byte) (knownResources, error) {
	var state tfjson.State
	state.UseJSONNumber(true)
	if err := json.Unmarshal(data, &state); err != nil {
		return nil, fmt.Errorf("cannot read the state of the engine: %w", err)
	}
	known := knownResources{}
	if state.Values != nil {
		collect(known, state.Values.RootModule)
	}
	return known, nil
}

func collect(known knownResources, module *tfjson.StateModule) {
	if module == nil {
		return
	}
	for _, r := range module.Resources {
		if r != nil && r.Mode == tfjson.ManagedResourceMode {
			known[r.Address] = r.AttributeValues
		}
	}
	for _, child := range module.ChildModules {
		collect(known, child)
	}
}
