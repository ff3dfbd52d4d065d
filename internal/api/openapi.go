package api

import (
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/aloft-dev/aloft"
)

// OpenAPI returns the description of the API as YAML, the same bytes for the
// same program.
func OpenAPI() []byte {
	api := humago.NewWithPrefix(http.NewServeMux(), Base, configuration())
	new(Server).register(api)
	document, err := api.OpenAPI().YAML()
	if err != nil {
		panic(fmt.Sprintf("the description of the API cannot be written: %v", err))
	}
	return document
}

// nameValues tells the description what the values of our string types are,
// what a duration is, and that errors are Problems.
func nameValues(registry huma.Registry) {
	alias[aloft.EnvironmentStatus, environmentStatus](registry)
	alias[aloft.RunStatus, runStatus](registry)
	alias[aloft.StepStatus, stepStatus](registry)
	alias[aloft.ReleaseStatus, releaseStatus](registry)
	alias[aloft.Operation, operation](registry)
	alias[aloft.Trigger, trigger](registry)
	alias[aloft.Action, action](registry)
	alias[aloft.Code, code](registry)
	alias[time.Duration, duration](registry)
	alias[huma.ErrorModel, Problem](registry)
}

func alias[From, To any](registry huma.Registry) {
	registry.RegisterTypeAlias(reflect.TypeFor[From](), reflect.TypeFor[To]())
}

type (
	environmentStatus string
	runStatus         string
	stepStatus        string
	releaseStatus     string
	operation         string
	trigger           string
	action            string
	code              string
	duration          int64
)

// Schema lists the statuses of an environment.
func (environmentStatus) Schema(huma.Registry) *huma.Schema {
	return values(aloft.EnvironmentCreating, aloft.EnvironmentReady, aloft.EnvironmentUpdating, aloft.EnvironmentDegraded,
		aloft.EnvironmentFailed, aloft.EnvironmentSleeping, aloft.EnvironmentDestroying, aloft.EnvironmentDestroyed)
}

// Schema lists the statuses of a run.
func (runStatus) Schema(huma.Registry) *huma.Schema {
	return values(aloft.RunQueued, aloft.RunRunning, aloft.RunWaiting, aloft.RunSucceeded,
		aloft.RunFailed, aloft.RunCanceled, aloft.RunSuperseded)
}

// Schema lists the statuses of a step.
func (stepStatus) Schema(huma.Registry) *huma.Schema {
	return values(aloft.StepRunning, aloft.StepSucceeded, aloft.StepSkipped, aloft.StepWaiting, aloft.StepFailed, aloft.StepCanceled)
}

// Schema lists the statuses of a release.
func (releaseStatus) Schema(huma.Registry) *huma.Schema {
	return values(aloft.ReleaseActive, aloft.ReleaseRetired, aloft.ReleaseFailed)
}

// Schema lists the operations of a run.
func (operation) Schema(huma.Registry) *huma.Schema {
	return values(aloft.OperationUp, aloft.OperationPlan, aloft.OperationDestroy, aloft.OperationRollback, aloft.OperationRepair)
}

// Schema lists the triggers of a run.
func (trigger) Schema(huma.Registry) *huma.Schema {
	return values(aloft.TriggerPush, aloft.TriggerAPI, aloft.TriggerDrift, aloft.TriggerExpiry)
}

// Schema lists the actions of a plan.
func (action) Schema(huma.Registry) *huma.Schema {
	return values(aloft.ActionCreate, aloft.ActionUpdate, aloft.ActionReplace, aloft.ActionDelete, aloft.ActionForget, aloft.ActionImport)
}

// Schema lists the classes of an error.
func (code) Schema(huma.Registry) *huma.Schema {
	return values(aloft.CodeInvalid, aloft.CodeNotFound, aloft.CodeConflict, aloft.CodeForbidden,
		aloft.CodeCanceled, aloft.CodeFailed, aloft.CodeUnavailable, aloft.CodeInternal)
}

// Schema describes a duration.
func (duration) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Description: "Nanoseconds"}
}

func values[T ~string](list ...T) *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, value := range list {
		schema.Enum = append(schema.Enum, string(value))
	}
	return schema
}
