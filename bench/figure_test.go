package main

import "testing"

func TestTable(t *testing.T) {
	t.Run("every figure belongs to a topic, once", func(t *testing.T) {
		seen := map[string]bool{}
		for _, f := range figures {
			if _, err := choose([]string{f.topic}); err != nil {
				t.Errorf("%s: %v", f.name, err)
			}
			if seen[f.name] {
				t.Errorf("%s is there twice", f.name)
			}
			seen[f.name] = true
		}
	})
	t.Run("every topic has a figure", func(t *testing.T) {
		for _, topic := range topics {
			found := false
			for _, f := range figures {
				found = found || f.topic == topic.name
			}
			if !found {
				t.Errorf("%s has none", topic.name)
			}
		}
	})
	t.Run("a figure without a reading is missed", func(t *testing.T) {
		for _, f := range figures {
			if (result{figure: f}).ok() {
				t.Errorf("%s is ok without a reading", f.name)
			}
		}
	})
	t.Run("a reading at the bound keeps it, one beyond does not", func(t *testing.T) {
		for _, test := range []struct {
			bound      bound
			keep, miss float64
		}{
			{atMost(1.25, times), 1.25, 1.26},
			{atLeast(0.85, times), 0.85, 0.84},
		} {
			if !test.bound.keeps(test.keep) || test.bound.keeps(test.miss) {
				t.Errorf("%s does not tell %g from %g", test.bound, test.keep, test.miss)
			}
		}
	})
}

func TestRatio(t *testing.T) {
	t.Run("is ours by theirs, the median of the pairs, whoever went first", func(t *testing.T) {
		p, err := alternate(3,
			func(round int) (float64, error) { return []float64{100, 2, 4, 9}[round], nil },
			func(int) (float64, error) { return 2, nil })
		if err != nil {
			t.Fatal(err)
		}
		if got := p.ratio("s").Value; got != 2 {
			t.Errorf("the ratio is %g, want 2", got)
		}
	})
}
