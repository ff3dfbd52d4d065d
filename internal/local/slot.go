package local

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft"
)

// maxInstances keeps a slip of the pen from filling the machine.
const maxInstances = 32

var variableRule = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// PutGroup makes the group of an environment and returns it with its URL. It is
// CodeConflict where another creation made it.
func (l *Target) PutGroup(ctx context.Context, key aloft.EnvironmentKey, claim aloft.Claim) (aloft.Group, error) {
	if err := key.Validate(); err != nil {
		return aloft.Group{}, err
	}
	unlock, err := l.busy.lock(ctx, key)
	if err != nil {
		return aloft.Group{}, err
	}
	defer unlock()
	there, err := l.options.Store.GroupCreation(ctx, key)
	if err == nil {
		err = claim.Check("aloft_environment", key.String(), there)
	} else if aloft.ErrorCode(err) == aloft.CodeNotFound {
		err = nil
	}
	if err != nil {
		return aloft.Group{}, err
	}
	return aloft.Group{URL: l.url(l.shortHost(key)), Creation: claim.Creation}, l.options.Store.PutGroup(ctx, key, claim.Creation)
}

// Group returns the group of an environment. Without one it is CodeNotFound.
func (l *Target) Group(ctx context.Context, key aloft.EnvironmentKey) (aloft.Group, error) {
	creation, err := l.options.Store.GroupCreation(ctx, key)
	if err != nil {
		return aloft.Group{}, err
	}
	return aloft.Group{URL: l.url(l.shortHost(key)), Creation: creation}, nil
}

// hasGroup reports whether Terraform has made a group of the environment.
func (l *Target) hasGroup(ctx context.Context, key aloft.EnvironmentKey) (bool, error) {
	_, err := l.options.Store.GroupCreation(ctx, key)
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		return false, nil
	}
	return err == nil, err
}

// DeleteGroup removes the group, if it is of that creation. Its slots are other
// resources, which go by their own deletion. Nothing to remove is no error.
func (l *Target) DeleteGroup(ctx context.Context, key aloft.EnvironmentKey, creation string) error {
	unlock, err := l.busy.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	there, err := l.options.Store.GroupCreation(ctx, key)
	if aloft.ErrorCode(err) == aloft.CodeNotFound || err == nil && !aloft.SameCreation(there, creation) {
		return nil
	}
	if err != nil {
		return err
	}
	return l.options.Store.DeleteGroup(ctx, key)
}

// Made lists what Terraform has made here of an environment, in words: its group and
// its slots.
func (l *Target) Made(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	group, err := l.hasGroup(ctx, key)
	if err != nil {
		return nil, err
	}
	slots, err := l.options.Store.Slots(ctx, key)
	if err != nil {
		return nil, err
	}
	var made []string
	if group {
		made = append(made, "local environment "+key.String())
	}
	for _, slot := range slots {
		made = append(made, "app "+slot.App)
	}
	return made, nil
}

// clear removes the group with every slot in it and stops what runs there.
func (l *Target) clear(ctx context.Context, key aloft.EnvironmentKey) error {
	l.takeDown(ctx, key, "", nil)
	slots, err := l.options.Store.Slots(ctx, key)
	if err != nil {
		return err
	}
	for _, slot := range slots {
		err = errors.Join(err, l.options.Store.DeleteSlot(ctx, key, slot.App))
	}
	return errors.Join(err, l.options.Store.DeleteGroup(ctx, key))
}

// PutSlot makes or changes a slot and returns it with its URL. What runs in it
// changes with the next deploy. It is CodeInvalid for a slot that breaks a rule,
// CodeNotFound when the environment has no group, CodeConflict where another
// creation made it.
func (l *Target) PutSlot(ctx context.Context, slot aloft.Slot, claim aloft.Claim) (aloft.Slot, error) {
	if err := validateSlot(slot); err != nil {
		return aloft.Slot{}, err
	}
	unlock, err := l.busy.lock(ctx, slot.EnvironmentKey)
	if err != nil {
		return aloft.Slot{}, err
	}
	defer unlock()
	ok, err := l.hasGroup(ctx, slot.EnvironmentKey)
	if err != nil {
		return aloft.Slot{}, err
	}
	if !ok {
		return aloft.Slot{}, aloft.Errorf(aloft.CodeNotFound, "cannot make a place for %s: there is no local environment %s", slot.App, slot.EnvironmentKey).
			WithHint("add an aloft_environment, and set environment of the aloft_app to its id")
	}
	there, err := l.options.Store.Slot(ctx, slot.EnvironmentKey, slot.App)
	if err == nil {
		err = claim.Check("aloft_app", slot.EnvironmentKey.String()+"/"+slot.App, there.Creation)
	} else if aloft.ErrorCode(err) == aloft.CodeNotFound {
		err = nil
	}
	if err != nil {
		return aloft.Slot{}, err
	}
	slot.Creation = claim.Creation
	slot.Instances = max(1, slot.Instances)
	slot.URL = l.url(l.host(place{slot.EnvironmentKey, slot.App}))
	return slot, l.options.Store.PutSlot(ctx, slot)
}

func validateSlot(slot aloft.Slot) error {
	if err := slot.EnvironmentKey.Validate(); err != nil {
		return err
	}
	if err := aloft.ValidateAppName(slot.App); err != nil {
		return err
	}
	if slot.Instances > maxInstances {
		return aloft.Errorf(aloft.CodeInvalid, "%s cannot have %d instances: at most %d run on one machine", slot.App, slot.Instances, maxInstances)
	}
	if slot.MemoryLimit < 0 {
		return aloft.Errorf(aloft.CodeInvalid, "the memory limit of %s cannot be negative; 0 is none", slot.App)
	}
	if path := slot.HealthPath; path != "" && (path[0] != '/' || strings.ContainsAny(path, " \t\r\n#\x00")) {
		return aloft.Errorf(aloft.CodeInvalid, "health path %q of %s is not a path: it starts with / and has no blanks", path, slot.App)
	}
	if strings.Contains(slot.Command, "\x00") {
		return aloft.Errorf(aloft.CodeInvalid, "the command of %s holds a NUL", slot.App)
	}
	for name, value := range slot.Variables {
		if !variableRule.MatchString(name) {
			return aloft.Errorf(aloft.CodeInvalid, "variable name %q of %s is not valid: it takes letters, digits and _, not starting with a digit", name, slot.App)
		}
		if strings.Contains(value, "\x00") {
			return aloft.Errorf(aloft.CodeInvalid, "the value of variable %s of %s holds a NUL", name, slot.App)
		}
	}
	return nil
}

// Slot returns a slot, with the URL that it has now. One that is not there is
// CodeNotFound.
func (l *Target) Slot(ctx context.Context, key aloft.EnvironmentKey, app string) (aloft.Slot, error) {
	slot, err := l.options.Store.Slot(ctx, key, app)
	if err == nil {
		slot.URL = l.url(l.host(place{key, app}))
	}
	return slot, err
}

// DeleteSlot removes a slot and stops what runs in it, if it is of that creation.
// One that is not there is no error.
func (l *Target) DeleteSlot(ctx context.Context, key aloft.EnvironmentKey, app, creation string) error {
	unlock, err := l.busy.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	there, err := l.options.Store.Slot(ctx, key, app)
	if err == nil && !aloft.SameCreation(there.Creation, creation) {
		return nil
	}
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return err
	}
	if err := l.options.Store.DeleteSlot(ctx, key, app); err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return err
	}
	slots, err := l.options.Store.Slots(ctx, key)
	if err != nil {
		return err
	}
	l.takeDown(ctx, key, app, slots)
	return nil
}
