package aloft

import (
	"context"
	"slices"
	"time"
)

// Operation is what a run is to achieve.
type Operation string

// The operations of a run.
const (
	OperationUp       Operation = "up"       // bring the environment to a commit
	OperationPlan     Operation = "plan"     // show what up would change, change nothing
	OperationDestroy  Operation = "destroy"  // remove the environment
	OperationRollback Operation = "rollback" // deploy an earlier release again
	OperationRepair   Operation = "repair"   // heal drift at the present commit
)

// RunStatus tells how a run is.
type RunStatus string

// The statuses of a run. RunStatus.CanBecome holds the allowed moves.
const (
	RunQueued     RunStatus = "queued"
	RunRunning    RunStatus = "running"
	RunWaiting    RunStatus = "waiting" // for approval
	RunSucceeded  RunStatus = "succeeded"
	RunFailed     RunStatus = "failed"
	RunCanceled   RunStatus = "canceled"
	RunSuperseded RunStatus = "superseded" // a newer run of the environment took its place
)

var runMoves = map[RunStatus][]RunStatus{
	RunQueued:  {RunRunning, RunCanceled, RunSuperseded, RunFailed},
	RunRunning: {RunWaiting, RunSucceeded, RunFailed, RunCanceled},
	RunWaiting: {RunQueued, RunRunning, RunCanceled, RunSuperseded, RunFailed},
}

// CanBecome reports whether the move from s to next is allowed. Staying is.
func (s RunStatus) CanBecome(next RunStatus) bool {
	return s == next || slices.Contains(runMoves[s], next)
}

// Finished reports whether the run has ended, whatever its result.
func (s RunStatus) Finished() bool { return len(runMoves[s]) == 0 }

// Trigger is what asked for a run.
type Trigger string

// The triggers of a run.
const (
	TriggerPush   Trigger = "push"   // git push, or a deleted branch
	TriggerAPI    Trigger = "api"    // the CLI or another client of the API
	TriggerDrift  Trigger = "drift"  // the reconciler found a difference
	TriggerExpiry Trigger = "expiry" // the environment's time was up
)

// Run is one journey of an environment to a commit, or to nothing.
type Run struct {
	ID int64 `json:"id"`
	EnvironmentKey
	Operation  Operation  `json:"operation"`
	Status     RunStatus  `json:"status"`
	Trigger    Trigger    `json:"trigger"`
	Actor      string     `json:"actor,omitempty"`    // who asked, as far as known
	Revision   string     `json:"revision,omitempty"` // commit to reach; "" for destroy
	Title      string     `json:"title,omitempty"`    // subject line of the commit
	Options    RunOptions `json:"options"`
	Release    int64      `json:"release,omitempty"`    // release number to return to, for rollback; 0 = the one before
	Error      string     `json:"error,omitempty"`      // why it failed, for people
	ErrorCode  Code       `json:"errorCode,omitempty"`  // class of Error
	Hint       string     `json:"hint,omitempty"`       // what to do about Error
	PlanDigest string     `json:"planDigest,omitempty"` // the plan that waits for approval
	Approved   string     `json:"approved,omitempty"`   // the plan digest that somebody approved
	Approver   string     `json:"approver,omitempty"`
	CreatedAt  time.Time  `json:"createdAt"`
	StartedAt  time.Time  `json:"startedAt,omitzero"`
	FinishedAt time.Time  `json:"finishedAt,omitzero"`
}

// RunOptions are what a push says of its run.
type RunOptions struct {
	Detach    bool          `json:"detach,omitempty"`    // the pusher does not wait
	Plan      bool          `json:"plan,omitempty"`      // show the plan, change nothing
	SkipBuild bool          `json:"skipBuild,omitempty"` // provision only; keep what runs
	TTL       time.Duration `json:"ttl,omitempty"`       // 0 = keep the environment's present one
	Force     bool          `json:"force,omitempty"`     // of a destroy: remove also what Terraform refuses to destroy or cannot find
	Destroy   bool          `json:"destroy,omitempty"`   // whatever the push destroys, it is meant
	Old       string        `json:"old,omitempty"`       // commit that the pusher believed the branch to be at; "" = none

	// FastForward refuses to drop commits of the branch, wherever the pusher believed it to be.
	FastForward bool `json:"fastForward,omitempty"`
}

// StepStatus tells how a step of a run is.
type StepStatus string

// The statuses of a step.
const (
	StepRunning   StepStatus = "running"
	StepSucceeded StepStatus = "succeeded"
	StepSkipped   StepStatus = "skipped"
	StepWaiting   StepStatus = "waiting"
	StepFailed    StepStatus = "failed"
	StepCanceled  StepStatus = "canceled"
)

// Step is one step of a run, recorded before and after it is taken.
type Step struct {
	RunID      int64      `json:"runID"`
	Name       string     `json:"name"` // checkout, read, provision, build, release, deploy, verify, destroy
	Status     StepStatus `json:"status"`
	Reason     string     `json:"reason,omitempty"` // why it was skipped, waits or failed
	StartedAt  time.Time  `json:"startedAt"`
	FinishedAt time.Time  `json:"finishedAt,omitzero"`
}

// RunStore keeps runs and their steps. Missing ones are CodeNotFound.
type RunStore interface {
	// AcceptRun records a queued run, creates its environment when there is
	// none, supersedes the queued and waiting runs of that environment and
	// wakes its reconciler, all in one transaction. It fills ID, Status and
	// CreatedAt and returns the runs that were superseded. A plan supersedes
	// nothing. A run for an unknown project is CodeNotFound. One of TriggerDrift
	// or TriggerExpiry never supersedes: it is CodeConflict while another waits
	// for its turn.
	AcceptRun(ctx context.Context, run Run) (accepted Run, superseded []Run, err error)
	Run(ctx context.Context, id int64) (Run, error)
	Runs(ctx context.Context, filter RunFilter) ([]Run, error) // newest first
	// UpdateRun loads, changes and saves in one transaction. A change of status
	// that the table does not allow is CodeConflict and saves nothing.
	UpdateRun(ctx context.Context, id int64, change func(*Run) error) (Run, error)
	PutStep(ctx context.Context, step Step) error // insert or replace by run and name
	Steps(ctx context.Context, runID int64) ([]Step, error)
	// Wake makes the reconciler look at the environment soon. It never blocks
	// on a running reconciliation and is never lost.
	Wake(ctx context.Context, key EnvironmentKey) error
}

// RunsKept is how many finished runs of each project keep their files: log, plan,
// journal and trace. The records of older ones stay.
const RunsKept = 200

// RunFilter narrows a list of runs. Zero fields do not narrow.
type RunFilter struct {
	Project     string
	Environment string
	Statuses    []RunStatus
	Limit       int // 0 = 50
}
