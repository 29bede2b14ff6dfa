package sandbox

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestDripTakesASecondForEachByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, after := range []bool{false, true} {
			tenant := New(Options{})
			c := inProcess(t, tenant)
			tenant.Inject(Fault{Kind: FaultDrip, After: after})
			start := time.Now()
			a := c.create("a")
			if took := time.Since(start); took != time.Duration(len(a.text))*time.Second {
				t.Errorf("%d bytes took %v", len(a.text), took)
			}
			if want := map[bool]string{false: "201 cut", true: "201"}[after]; a.seen() != want {
				t.Errorf("after=%v: %s, want %s", after, a.seen(), want)
			}
		}
	})
}

func TestATenantIsDownForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{})
		c := inProcess(t, tenant)
		tenant.Inject(Fault{Kind: FaultReset, From: time.Minute, For: 2 * time.Minute})
		for _, test := range []struct {
			at   time.Duration
			want string
		}{{time.Minute - 1, "201"}, {time.Minute, "reset"}, {3*time.Minute - 1, "reset"}, {3 * time.Minute, "201"}} {
			time.Sleep(test.at - tenant.elapsed())
			if got := c.create(test.at.String()).seen(); got != test.want {
				t.Errorf("at %v: %s, want %s", test.at, got, test.want)
			}
		}
	})
}

func TestWaitsAreExactAndEndWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New(Options{Latency: time.Second})
		c := inProcess(t, tenant)
		took := func(subject string, timeout time.Duration) (time.Duration, answer) {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			start := time.Now()
			a := c.do(ctx, http.MethodPost, "/api/v1/users", jsonKind, `{"subject":"`+subject+`"}`)
			return time.Since(start), a
		}
		if d, a := took("a", time.Minute); d != time.Second || a.status != 201 {
			t.Errorf("latency: %v, %s", d, a.seen())
		}
		if d, a := took("b", time.Millisecond); d != time.Millisecond || a.seen() != "timeout" || len(tenant.Users()) != 2 {
			t.Errorf("cut off in the latency: %v, %s, %d users", d, a.seen(), len(tenant.Users()))
		}
		tenant.Inject(Fault{Kind: FaultHang, On: EndpointCreate, Times: 1})
		if d, a := took("c", time.Minute); d != time.Minute || a.seen() != "timeout" {
			t.Errorf("hang: %v, %s", d, a.seen())
		}
		tenant.Inject(Fault{Kind: FaultDelay, Delay: 3 * time.Second, Times: 1})
		if d, a := took("c", 2*time.Second); d != 2*time.Second || a.seen() != "timeout" || len(tenant.Users()) != 2 {
			t.Errorf("cut off in a delay before: %v, %s, %d users", d, a.seen(), len(tenant.Users()))
		}
		tenant.Inject(Fault{Kind: FaultDelay, Delay: 3 * time.Second, Times: 1, After: true})
		if d, a := took("c", time.Minute); d != 4*time.Second || a.status != 201 {
			t.Errorf("delay after: %v, %s", d, a.seen())
		}
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		if a := c.do(canceled, http.MethodPost, "/api/v1/users", jsonKind, `{"subject":"d"}`); !errors.Is(a.err, context.Canceled) || len(tenant.Users()) != 3 {
			t.Errorf("a request that had ended: %v, %d users", a.err, len(tenant.Users()))
		}
	})
}
