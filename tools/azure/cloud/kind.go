package cloud

import "context"

// kind tells how resources of a type differ from the generic ones.
type kind struct {
	writes   style  // how PUT and PATCH end
	removes  style  // how DELETE ends
	progress string // provisioningState meanwhile; "" = "InProgress"
	stateful bool   // it has a provisioningState although its writes end at once
	busy     string // code of the 409 of a second write; "" = "Conflict"
	create   int    // status of a PUT that makes it; 0 = 201
	update   int    // status of a PUT of one that is there; 0 = 200
	fixed    bool   // it cannot be made, only changed: it is there with its parent

	// complete checks a body that is being written and fills in what Azure does.
	// The record before is still in the store. It may be nil, like all that follow.
	complete func(c *Cloud, r *resource) *failure
	// work returns what takes its time after a write; it is called with the lock
	// held, what it returns without.
	work func(c *Cloud, r *resource, before map[string]any) func(context.Context) *failure
	// removed ends what the resource had.
	removed func(c *Cloud, r *resource)
	// show takes away from a copy of the body what GET does not tell.
	show func(c *Cloud, body map[string]any)
	// initial returns what is there although nobody made it, nil for nothing.
	initial func(c *Cloud, p path) map[string]any
	// get answers GET of what is not in the store, such as replicas.
	get func(q *request) *answer
	// actions answer POST, by name in lower case.
	actions map[string]func(q *request) *answer
}

// style is how an operation tells of its end.
type style int

const (
	atOnce         style = iota // it has ended with the answer
	asyncOperation              // Azure-AsyncOperation: an address that tells a status
	location                    // Location: an address that answers 202 until the end
	byState                     // provisioningState of the resource
)

// kindOf returns the rules of a type; those of an unknown one are generic.
func (c *Cloud) kindOf(name string) *kind {
	if k := c.kinds[name]; k != nil {
		return k
	}
	return &kind{stateful: true}
}
