// Package faults makes an in-memory tenant fail: an [Injector] stands in front of a [sandbox.Tenant] and delays, loses,
// replaces or distorts what it answers. It is for tests and is not linked into the program.
//
// Lost answers, gateway pages, broken connections and hostile bodies are what HTTP clients meet in general; none of
// them comes from Qlik's reference. Status 207 and the codes of errors do; their bodies here are our own.
package faults

import (
	"time"

	"qlik-provision/provision/sandbox"
)

// Kind is what a fault does to a request or its answer. Where the right status is 204, kinds that send a body answer
// with 200.
type Kind string

// The kinds. The last three are for the requests that they name, and strike no other.
const (
	Delay       Kind = ""             // Fault.Delay and nothing else
	Status      Kind = "status"       // Fault.Status
	Reset       Kind = "reset"        // the connection is closed without an answer
	Hang        Kind = "hang"         // no answer until the client is gone
	Cut         Kind = "cut"          // the head and half of the body, then the connection is closed
	Garbage     Kind = "garbage"      // the right status with an HTML page as the body
	LoginPage   Kind = "login-page"   // 200 with an HTML page to log in
	Partial     Kind = "partial"      // a PATCH applies its first operation only and is answered with 207
	WrongAnswer Kind = "wrong-answer" // a create is answered with the answer to the create before it
	OKInstead   Kind = "ok-instead"   // a create that took effect is answered with 200 and the user
)

// Fault is something that goes wrong. It strikes a request where all of its conditions hold; a zero condition holds.
type Fault struct {
	Kind Kind
	// On is the endpoint of the request.
	On sandbox.Endpoint
	// After makes the fault strike once the tenant has accepted the request, past token and rate limit, and the request
	// has taken effect. Without After the request does not reach the tenant and uses up no budget; Delay and Partial
	// pass it on. Partial and OKInstead ignore After.
	After bool
	// Subjects are the subjects one of which the request is about: the subject it creates, that of the user it changes
	// or deletes, those its filter asks for by subject or ID.
	Subjects []string
	// Skip is how many requests are spared first. Times is how often the fault strikes; zero means always. Rate is the
	// probability that it strikes, drawn with the seed of the Injector; zero means 1.
	Skip, Times int
	Rate        float64
	// From is when the fault starts, since Wrap, and For is how long it lasts; zero means always.
	From, For time.Duration

	// Status, Code and Title make the error that Status answers with; zero means 500 and what goes with it. Body
	// replaces the error, and NoBody leaves the body out.
	Status            int
	Code, Title, Body string
	NoBody            bool
	// RetryAfter and Location are headers.
	RetryAfter, Location string
	// Delay is how long the answer is held back; a Delay without After holds back the request.
	Delay time.Duration
}
