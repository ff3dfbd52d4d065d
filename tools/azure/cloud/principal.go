package cloud

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
)

// principal is somebody who may log in and be given roles.
type principal struct {
	client    string
	object    string
	secret    string
	resource  string    // id in lower case of a managed identity; "" = an application
	directory bool      // it may register applications
	since     time.Time // from when on roles can be given to it
}

// admit lets an application in. Its rights count at once.
func (c *Cloud) admit(p Principal) {
	object := p.Object
	if object == "" {
		object = idOf("object of " + p.Client)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.principals[strings.ToLower(p.Client)] = &principal{client: p.Client, object: object, secret: p.Secret, directory: p.Directory}
	if p.Role == "" {
		return
	}
	scope := "/subscriptions/" + c.options.Subscription
	name := idOf(scope + object + p.Role)
	id := scope + "/providers/Microsoft.Authorization/roleAssignments/" + name
	r := &resource{id: id, kind: roleAssignmentKind, body: map[string]any{
		"id": id, "name": name, "type": "Microsoft.Authorization/roleAssignments",
		"properties": map[string]any{
			"principalId": object, "principalType": "ServicePrincipal", "scope": scope,
			"roleDefinitionId": roleDefinitionID(scope, builtInRoles[p.Role]),
		},
	}}
	c.resources[strings.ToLower(id)] = r
}

// newID returns a random GUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// idOf returns a GUID that is always the same for a text.
func idOf(text string) string {
	b := sha256.Sum256([]byte(text))
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
