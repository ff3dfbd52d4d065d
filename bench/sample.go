package main

import (
	"fmt"
	"slices"
	"time"
)

// median returns the middle of values, of which there must be one.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// pairs are measurements of two sides, taken by turns: what disturbs the machine
// for a while disturbs both.
type pairs struct {
	ours, theirs []float64
}

func (p *pairs) add(ours, theirs float64) {
	p.ours, p.theirs = append(p.ours, ours), append(p.theirs, theirs)
}

// ratio reads ours by theirs: the median over the pairs.
func (p *pairs) ratio(unit string) reading {
	ratios := make([]float64, len(p.ours))
	for i := range p.ours {
		ratios[i] = p.ours[i] / p.theirs[i]
	}
	return reading{
		Value:  median(ratios),
		Spread: fmt.Sprintf("%.2f–%.2f, %d pairs", slices.Min(ratios), slices.Max(ratios), len(ratios)),
		Note:   fmt.Sprintf("%s : %s", quantity(median(p.ours), unit), quantity(median(p.theirs), unit)),
	}
}

// alternate takes rounds measurements of both sides, each side first in every
// other round. The round 0 warms both up and does not count.
func alternate(rounds int, ours, theirs func(round int) (float64, error)) (pairs, error) {
	var p pairs
	for round := range rounds + 1 {
		sides := []func(int) (float64, error){ours, theirs}
		if round%2 == 1 {
			slices.Reverse(sides)
		}
		var values []float64
		for _, side := range sides {
			value, err := side(round)
			if err != nil {
				return p, fmt.Errorf("round %d: %w", round, err)
			}
			values = append(values, value)
		}
		if round%2 == 1 {
			slices.Reverse(values)
		}
		if round > 0 {
			p.add(values[0], values[1])
		}
	}
	return p, nil
}

// alone reads the median of one side.
func alone(values []float64, unit string) reading {
	return reading{
		Value:  median(values),
		Spread: fmt.Sprintf("%s–%s, %d rounds", quantity(slices.Min(values), unit), quantity(slices.Max(values), unit), len(values)),
	}
}

func since(began time.Time) float64 { return time.Since(began).Seconds() }
