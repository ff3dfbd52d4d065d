package main

import (
	mathrand "math/rand/v2"
	"slices"
)

// planned is a fault as the seed plans it: the same for the same seed and
// number, whatever was before.
type planned struct {
	kind   kind
	random *mathrand.Rand
	nth    int // how many of its kind come before
}

// schedule returns the fault with that number, from 1. Faults come in cycles:
// first one of each kind in a random order, then the further ones that their
// weights ask for.
func schedule(seed uint64, kinds []kind, number int) planned {
	size := 0
	for _, k := range kinds {
		size += k.weight
	}
	cycle, place := (number-1)/size, (number-1)%size
	random := mathrand.New(mathrand.NewPCG(seed, uint64(1000+cycle)))
	first := slices.Clone(kinds)
	var more []kind
	for _, k := range kinds {
		for range k.weight - 1 {
			more = append(more, k)
		}
	}
	shuffle(random, first)
	shuffle(random, more)
	all := append(first, more...)
	p := planned{kind: all[place], random: mathrand.New(mathrand.NewPCG(seed, uint64(1_000_000+number)))}
	p.nth = cycle * p.kind.weight
	for _, before := range all[:place] {
		if before.name == p.kind.name {
			p.nth++
		}
	}
	return p
}

func shuffle[T any](random *mathrand.Rand, list []T) {
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// boundary is a moment in an operation: right after a step.
type boundary struct {
	operation string
	step      string // or one of the two below
}

// The moments before the first step.
const (
	stepAccepted = "accepted" // the run is recorded
	stepBegun    = "begun"    // its log has begun
)

// boundaries returns all of them, in an order that the seed decides, so that
// faults that are numbered go through all.
func boundaries(seed uint64) []boundary {
	var list []boundary
	for _, o := range operations {
		for _, step := range append([]string{stepAccepted, stepBegun}, o.steps...) {
			list = append(list, boundary{o.name, step})
		}
	}
	shuffle(mathrand.New(mathrand.NewPCG(seed, 2)), list)
	return list
}
