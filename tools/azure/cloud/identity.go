package cloud

import (
	"strings"
	"time"
)

const identityKind = "microsoft.managedidentity/userassignedidentities"

// completeIdentity gives a managed identity its ids, by which it logs in and is
// given roles.
func completeIdentity(c *Cloud, r *resource) *failure {
	key, properties := strings.ToLower(r.id), r.properties()
	known := c.identity(key)
	if known == nil {
		known = &principal{client: newID(), object: newID(), resource: key, since: time.Now()}
		c.principals[known.client] = known
	}
	properties["clientId"], properties["principalId"], properties["tenantId"] = known.client, known.object, c.options.Tenant
	return nil
}

// identity returns the principal of a managed identity, by the id of its
// resource. The caller holds the lock.
func (c *Cloud) identity(id string) *principal {
	for _, p := range c.principals {
		if p.resource != "" && strings.EqualFold(p.resource, id) {
			return p
		}
	}
	return nil
}

// dismiss forgets the principal of an identity that is gone. Its roles stay, as
// they do in Azure (doc, "Identity not found").
func dismiss(c *Cloud, r *resource) {
	if p := c.identity(r.id); p != nil {
		delete(c.principals, p.client)
	}
}

// claimIdentities fills in the ids of the identities that a resource has been
// given, and gives it one of its own where it asks. The caller holds the lock.
func (c *Cloud) claimIdentities(r *resource) *failure {
	identity, ok := r.body["identity"].(map[string]any)
	if !ok {
		return nil
	}
	given := object(identity, "userAssignedIdentities")
	for id := range given {
		p := c.identity(id)
		if p == nil {
			return badRequest("FailedIdentityOperation", "Identity operation for resource '%s' failed with error 'The identity '%s' was not found'.", r.id, id)
		}
		given[id] = map[string]any{"clientId": p.client, "principalId": p.object}
	}
	if strings.Contains(text(identity, "type"), "SystemAssigned") {
		p := c.identity(r.id)
		if p == nil {
			p = &principal{client: newID(), object: newID(), resource: strings.ToLower(r.id), since: time.Now()}
			c.principals[p.client] = p
		}
		identity["principalId"], identity["tenantId"] = p.object, c.options.Tenant
	}
	return nil
}
