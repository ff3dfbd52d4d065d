package cloud

import (
	"maps"
	"slices"
)

// versions are the API versions of types that are held to a list; other types
// take any date. A version that Azure has and the list has not is to be added.
var versions = map[string]map[string]bool{}

func knownVersions(kind string) []string {
	if known := versions[kind]; known != nil {
		return slices.Sorted(maps.Keys(known))
	}
	return []string{"2025-07-01"}
}

// table is read aloud by whoever asks what this cloud knows.
func table() map[string]*kind {
	return map[string]*kind{
		groupKind:          {stateful: true, removes: location, complete: completeGroup},
		roleAssignmentKind: {complete: completeRoleAssignment},
		roleDefinitionKind: {get: roleDefinitions},
		lockKind:           {},
		identityKind:       {complete: completeIdentity, removed: dismiss},
		federatedKind:      {complete: completeFederated},
	}
}

func completeGroup(_ *Cloud, r *resource) *failure {
	if text(r.body, "location") == "" {
		return badRequest("LocationRequired", "The location property is required for this definition.")
	}
	r.body["type"] = "Microsoft.Resources/resourceGroups"
	return nil
}
