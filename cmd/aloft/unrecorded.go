package main

import (
	"context"
	"slices"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

const notRecorded = "the repository tells of it, and the records do not know it"

// makeRecorded is what to do about an environment that is not in the records.
func makeRecorded(key aloft.EnvironmentKey) string {
	return "bring the newest records back (see docs/backup.md), or make it: aloft up " + key.Environment
}

// unrecorded lists the environments that repositories tell of and the records do not,
// of a project, "" = of all.
func unrecorded(ctx context.Context, client *api.Client, project string) ([]aloft.EnvironmentKey, error) {
	list, err := client.UnrecordedEnvironments(ctx)
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		return nil, nil // an older server, which does not look
	}
	return slices.DeleteFunc(list, func(key aloft.EnvironmentKey) bool { return project != "" && key.Project != project }), err
}
