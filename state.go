package aloft

import (
	"cmp"
	"fmt"
	"time"
)

// UnknownResources is how many resources a state holds that its engine has
// encrypted.
const UnknownResources = -1

// How long states are kept that are in no history any more: those that were
// deleted, and those that were refused.
const (
	DeletedStatesKept = 30 * 24 * time.Hour
	RefusedStatesKept = 20 // of an environment, and no longer than DeletedStatesKept
)

// StateDeleted is the StateVersion.Aside of what was deleted.
const StateDeleted = "deleted"

// Held is the error of whoever wants a state that the lock keeps for another.
func (l Lock) Held(key EnvironmentKey) *Error {
	who := cmp.Or(l.Who, "somebody")
	if l.RunID != 0 {
		who = fmt.Sprintf("run %d", l.RunID)
	}
	err := Errorf(CodeConflict, "the state of %s is locked by %s since %s (%s, ID %s)",
		key, who, l.Created.UTC().Format("2006-01-02 15:04:05 MST"), cmp.Or(l.Operation, "no operation"), l.ID)
	if l.RunID != 0 {
		return err.WithHint("wait for it, or: aloft run cancel %d", l.RunID)
	}
	return err.WithHint("wait for it to end; if nobody is at it any more: aloft terraform %s -- force-unlock %s", key.Environment, l.ID)
}

// CheckWrite compares a version that is to be written with the lock that is held
// and with the newest version; their zero values stand for none. What does not
// follow from them is CodeConflict. An engine locks, reads, and writes the serial
// after the one that it read.
func (v StateVersion) CheckWrite(lockID string, held Lock, newest StateVersion) error {
	switch {
	case held.ID != "" && held.ID != lockID:
		return held.Held(v.EnvironmentKey)
	case held.ID == "" && lockID != "":
		return Errorf(CodeConflict, "the lock %s of the state of %s is not held any more: somebody has opened it", lockID, v.EnvironmentKey)
	case newest.Version == 0:
		return nil
	case newest.Lineage != v.Lineage && newest.Resources == 0:
		return nil // nothing is lost with it
	case newest.Lineage != v.Lineage:
		return Errorf(CodeConflict, "the state of %s is of another lineage than version %d, which holds resources", v.EnvironmentKey, newest.Version)
	case v.Serial <= newest.Serial:
		return Errorf(CodeConflict, "the state of %s is not newer than version %d: its serial is %d, that of the version %d",
			v.EnvironmentKey, newest.Version, v.Serial, newest.Serial)
	}
	return nil
}
