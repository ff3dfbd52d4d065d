package main

import (
	"fmt"

	"github.com/aloft-dev/aloft"
)

// expectation is how an environment has to be after its runs.
type expectation struct {
	exists     bool
	revision   string // commit that runs; "" = unknown, or none
	applied    string // commit whose Terraform was applied last
	rolledBack bool
	failed     bool  // the newest run did not end well
	life       int64 // run that ended the life before this one, 0 = none did
	last       aloft.Run
}

// expect tells what the runs of an environment, the oldest first, have made of it.
func expect(runs []aloft.Run) expectation {
	var e expectation
	for _, run := range runs {
		if run.Operation == aloft.OperationPlan || run.Status == aloft.RunSuperseded {
			continue
		}
		e.last, e.failed = run, run.Status != aloft.RunSucceeded
		switch {
		case run.Operation == aloft.OperationUp && run.Status == aloft.RunSucceeded:
			e = expectation{exists: true, revision: run.Revision, applied: run.Revision, last: run, life: e.life}
		case run.Operation == aloft.OperationUp:
			e.exists, e.applied = true, ""
		case run.Operation == aloft.OperationRollback && run.Status == aloft.RunSucceeded:
			e.revision, e.rolledBack = "", true
		case run.Operation == aloft.OperationDestroy && run.Status == aloft.RunSucceeded:
			e = expectation{last: run, life: run.ID}
		}
	}
	return e
}

// fits tells what is wrong with an environment's record, "" if nothing is.
func (e expectation) fits(record aloft.Environment, recorded bool) string {
	switch {
	case !e.exists && recorded && record.Status != aloft.EnvironmentDestroyed:
		return fmt.Sprintf("it is %s, and was destroyed", record.Status)
	case !e.exists:
		return ""
	case !recorded || record.Status == aloft.EnvironmentDestroyed:
		return "it is gone, and was not destroyed"
	case record.Status.Busy():
		return fmt.Sprintf("it is %s, and no run is on its way", record.Status)
	case record.Status != aloft.EnvironmentReady && record.Reason == "":
		return fmt.Sprintf("it is %s without a reason", record.Status)
	case !e.failed && record.Status != aloft.EnvironmentReady:
		return fmt.Sprintf("it is %s (%s) after run %d %s", record.Status, record.Reason, e.last.ID, e.last.Status)
	case e.failed && e.last.Operation != aloft.OperationRepair && record.Status == aloft.EnvironmentReady && e.applied == "":
		return fmt.Sprintf("it is ready after run %d %s", e.last.ID, e.last.Status)
	case e.revision != "" && record.Revision != e.revision:
		return fmt.Sprintf("%.8s runs, and run %d brought %.8s", record.Revision, e.last.ID, e.revision)
	}
	return ""
}
