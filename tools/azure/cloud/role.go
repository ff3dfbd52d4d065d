package cloud

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	roleAssignmentKind = "microsoft.authorization/roleassignments"
	roleDefinitionKind = "microsoft.authorization/roledefinitions"
	lockKind           = "microsoft.authorization/locks"
)

// builtInRoles are Azure's, with the GUIDs that they have everywhere (doc,
// "Azure built-in roles").
var builtInRoles = map[string]string{
	"Owner":                     "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
	"Contributor":               "b24988ac-6180-42a0-ab88-20f7382dd24c",
	"Reader":                    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
	"User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
	"Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
	"AcrPull":                        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
	"AcrPush":                        "8311e382-0749-4cb8-b61a-304f252e45ec",
	"Monitoring Metrics Publisher":   "3913510d-42f4-4e42-8a64-420c390055eb",
	"Key Vault Secrets User":         "4633458b-17de-408a-b874-0445c86b69e6",
	"Key Vault Secrets Officer":      "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
	"Key Vault Administrator":        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
	"Storage Blob Data Contributor":  "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
	"Storage Blob Data Owner":        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
	"Storage Blob Data Reader":       "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
	"Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
	"Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
}

func roleDefinitionID(scope, guid string) string {
	subscription := "/subscriptions/" + parsePath(scope).subscription
	return subscription + "/providers/Microsoft.Authorization/roleDefinitions/" + guid
}

// roleDefinitions answers for the built-in roles, one or all that a filter lets through.
func roleDefinitions(q *request) *answer {
	scope := parentOf(q.path.id)
	if q.path.last != "" {
		scope, _, _ = strings.Cut(q.path.id, "/providers/Microsoft.Authorization")
	}
	values := []any{}
	for name, guid := range builtInRoles {
		body := map[string]any{
			"id": roleDefinitionID(scope, guid), "name": guid, "type": "Microsoft.Authorization/roleDefinitions",
			"properties": map[string]any{"roleName": name, "type": "BuiltInRole", "description": name, "assignableScopes": []any{"/"}, "permissions": []any{}},
		}
		if q.path.last == "" && strings.EqualFold(q.path.name(), guid) {
			return &answer{status: http.StatusOK, body: body}
		}
		if q.matchesFilter(&resource{body: body}) {
			values = append(values, body)
		}
	}
	if q.path.last == "" {
		return notFound("RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", q.path.name()).answer()
	}
	return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
}

// completeRoleAssignment checks an assignment: the principal must be known, and
// nobody has the same role at the same scope yet (doc, "Troubleshoot Azure
// RBAC"; azd retries PrincipalNotFound 10 × 5 s).
func completeRoleAssignment(c *Cloud, r *resource) *failure {
	properties := r.properties()
	scope, _, _ := strings.Cut(r.id, "/providers/Microsoft.Authorization/roleAssignments/")
	if i := strings.LastIndex(strings.ToLower(r.id), "/providers/microsoft.authorization/"); i >= 0 {
		scope = r.id[:i]
	}
	who := c.principalBy(text(properties, "principalId"))
	if who == nil || time.Now().Before(who.since.Add(c.faults.PrincipalDelay)) {
		return badRequest("PrincipalNotFound", "Principal %s does not exist in the directory %s. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.",
			strings.ReplaceAll(text(properties, "principalId"), "-", ""), c.options.Tenant)
	}
	guid := lastPart(text(properties, "roleDefinitionId"))
	if !slices.ContainsFunc(mapValues(builtInRoles), func(known string) bool { return strings.EqualFold(known, guid) }) {
		return badRequest("RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", guid)
	}
	for _, other := range c.all(func(o *resource) bool { return o.kind == roleAssignmentKind && !strings.EqualFold(o.id, r.id) }) {
		theirs := object(other.body, "properties")
		if strings.EqualFold(text(theirs, "scope"), scope) && text(theirs, "principalId") == text(properties, "principalId") && strings.EqualFold(lastPart(text(theirs, "roleDefinitionId")), guid) {
			return conflict("RoleAssignmentExists", "The role assignment already exists. The ID of the existing role assignment is %s.", strings.ReplaceAll(other.name(), "-", ""))
		}
	}
	properties["scope"] = scope
	properties["roleDefinitionId"] = roleDefinitionID(scope, guid)
	preset(properties, "principalType", "ServicePrincipal")
	return nil
}

// principalBy returns a principal by its object id. The caller holds the lock.
func (c *Cloud) principalBy(object string) *principal {
	for _, p := range c.principals {
		if strings.EqualFold(p.object, object) {
			return p
		}
	}
	return nil
}

// allows reports whether somebody has one of the roles at a scope or above, and
// long enough for it to count. The caller holds the lock.
func (c *Cloud) allows(object, scope string, roles ...string) bool {
	scope = strings.ToLower(scope)
	return len(c.all(func(r *resource) bool {
		if r.kind != roleAssignmentKind {
			return false
		}
		properties := grow(r.body, "properties")
		at := strings.ToLower(text(properties, "scope"))
		if !strings.EqualFold(text(properties, "principalId"), object) || scope != at && !strings.HasPrefix(scope, at+"/") {
			return false
		}
		if !r.created.IsZero() && time.Now().Before(r.created.Add(c.faults.RoleDelay)) {
			return false
		}
		guid := strings.ToLower(lastPart(text(properties, "roleDefinitionId")))
		return slices.ContainsFunc(roles, func(role string) bool { return builtInRoles[role] == guid })
	})) > 0
}

// checkRight refuses a caller without a role for what it asks. It knows three
// rights only: to read, to write, and to give roles.
func (q *request) checkRight() *failure {
	roles := []string{"Owner", "Contributor"}
	verb := "write"
	switch {
	case q.isRead():
		roles, verb = append(roles, "Reader", "User Access Administrator", "Role Based Access Control Administrator"), "read"
		if q.path.subscription == "" || q.path.kind == subscriptionKind && q.path.last == "" || q.path.kind == roleDefinitionKind {
			return nil
		}
	case q.path.kind == roleAssignmentKind:
		roles = []string{"Owner", "User Access Administrator", "Role Based Access Control Administrator"}
	case q.path.kind == lockKind:
		roles = []string{"Owner", "User Access Administrator"}
	case q.Method == http.MethodDelete:
		verb = "delete"
	case q.Method == http.MethodPost:
		verb = q.path.last + "/action"
	}
	if q.path.subscription == "" || q.cloud.allows(q.caller.object, q.path.id, roles...) {
		return nil
	}
	return &failure{status: http.StatusForbidden, code: "AuthorizationFailed", message: "The client '" + q.caller.client + "' with object id '" + q.caller.object +
		"' does not have authorization to perform action '" + q.path.written + "/" + verb + "' over scope '" + q.path.id +
		"' or the scope is invalid. If access was recently granted, please refresh your credentials."}
}

func lastPart(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

func mapValues(m map[string]string) []string {
	values := make([]string, 0, len(m))
	for _, value := range m {
		values = append(values, value)
	}
	return values
}
