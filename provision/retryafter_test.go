package provision_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// A row or a lookup that is asked to wait for a day is sent again after ten minutes at most, and the run ends by its
// patience. Other rows are accepted meanwhile, so that the run as a whole goes on.
func TestNoRetryAfterIsLongerThanThePatience(t *testing.T) {
	one := subjectsOf(people(40)[20:21])
	for _, test := range []struct {
		name     string
		fault    sandbox.Fault
		noLookup bool
	}{
		{"token", sandbox.Fault{On: sandbox.EndpointToken}, false},
		{"token, once", sandbox.Fault{On: sandbox.EndpointToken, Times: 1}, false},
		{"lookup", sandbox.Fault{On: sandbox.EndpointFilter}, false},
		{"lookup, later", sandbox.Fault{On: sandbox.EndpointFilter, Skip: 2, Times: 3}, false},
		{"create", sandbox.Fault{On: sandbox.EndpointCreate}, false},
		{"create of one row", sandbox.Fault{On: sandbox.EndpointCreate, Subjects: one}, false},
		{"create of one row, once", sandbox.Fault{On: sandbox.EndpointCreate, Subjects: one, Times: 1}, false},
		{"lookup of one row", sandbox.Fault{On: sandbox.EndpointList, Subjects: one}, true},
		{"create and lookup of one row", sandbox.Fault{Subjects: one}, true},
	} {
		for _, status := range []int{408, 429, 500, 503} {
			for _, patience := range []time.Duration{time.Minute, 15 * time.Minute} {
				for _, attempts := range []int{1, 5} {
					t.Run(fmt.Sprintf("%s/%d/%v/%d attempts", test.name, status, patience, attempts), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
							rows := people(500)
							if test.fault.On == sandbox.EndpointList {
								tr.tenant.Add(sandbox.User{Subject: one[0], Name: rows[20].Name})
							}
							fault := test.fault
							fault.Kind, fault.Status, fault.RetryAfter = sandbox.FaultStatus, status, "86400"
							tr.tenant.Inject(fault)
							tr.run(t.Context(), rows, provision.Options{Patience: patience, Attempts: attempts, NoLookup: test.noLookup})
							tr.truth(t, rows)
							if most := patience + time.Minute; tr.took > most {
								t.Errorf("it took %v, more than %v: %v", tr.took, most, tr.err)
							}
							ends := []time.Duration{tr.took}
							for _, c := range spy.calls {
								ends = append(ends, c.sent)
							}
							slices.Sort(ends)
							for i, at := range ends[1:] {
								if wait := at - ends[i]; wait > min(patience, 10*time.Minute)+time.Second {
									t.Errorf("it waited %v", wait)
								}
							}
						})
					})
				}
			}
		}
	}
}
