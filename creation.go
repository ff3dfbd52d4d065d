package aloft

// FirstCreation is the creation of what was made before creations had identities.
const FirstCreation = "first"

// Claim says as whose creation a resource of the local target is put. What is
// there may be put again by its own creation, or by one that takes its place.
type Claim struct {
	Creation string // identity of the creation; "" = FirstCreation
	Over     string // creation whose place it takes, should that one be there; "" = none
}

// Check returns why the claim may not put what exists already as another
// creation: kind is the type of the resource, id what it is imported by.
func (c Claim) Check(kind, id, existing string) error {
	if SameCreation(c.Creation, existing) || c.Over != "" && SameCreation(c.Over, existing) {
		return nil
	}
	return ExistsAlready(kind, id)
}

// SameCreation reports whether two identities are of one creation.
func SameCreation(a, b string) bool { return identity(a) == identity(b) }

func identity(creation string) string {
	if creation == "" {
		return FirstCreation
	}
	return creation
}

// ExistsAlready is the conflict of a creation with what another one made.
func ExistsAlready(kind, id string) error {
	return Errorf(CodeConflict, "the %s %s exists already: another resource made it, and only one can have it", kind, id).
		WithHint("if its label in the configuration has changed, say so with a block `moved`: from = %[1]s.OLD, to = %[1]s.NEW; "+
			"if no state knows it, import it: `aloft terraform ENVIRONMENT -- import %[1]s.NEW %[2]s`; if it is being replaced, take `create_before_destroy` out of its `lifecycle`; otherwise choose another name", kind, id)
}
