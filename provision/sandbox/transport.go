package sandbox

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

// Transport reaches the tenant in process, with no socket and no goroutine: a request is answered within RoundTrip, whatever its
// host. What it waits for is timers and the request's context, so it works in a testing/synctest bubble. Broken connections are the
// errors that a client would see; an answer in gzip is unpacked as net/http's transport would. (That transport sends a request
// again by itself where a kept connection was reset and the request may be repeated, a GET for one; this one never does.)
func (t *Tenant) Transport() http.RoundTripper { return transport{t} }

type transport struct{ tenant *Tenant }

func (tr transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	ctx := req.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	rep, err := tr.tenant.answer(req)
	if err != nil {
		return nil, err
	}
	switch rep.manner {
	case mannerReset:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case mannerHang:
		<-ctx.Done()
		return nil, context.Cause(ctx)
	case mannerLongHeader:
		return nil, errors.New("net/http: server response headers exceeded 10485760 bytes; aborted")
	}
	resp := &http.Response{
		Status:     strconv.Itoa(rep.status) + " " + http.StatusText(rep.status),
		StatusCode: rep.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        rep.headers(),
		ContentLength: -1,
		Request:       req,
	}
	if rep.manner.sized() {
		resp.ContentLength = int64(rep.length())
	}
	body := rep.stream(ctx)
	if rep.manner == mannerBomb && req.Header.Get("Accept-Encoding") == "" {
		resp.Header.Del("Content-Encoding")
		resp.Uncompressed = true
		if body, err = gzip.NewReader(body); err != nil {
			return nil, err
		}
	}
	resp.Body = &responseBody{ctx: ctx, body: body}
	return resp, nil
}

// responseBody is a body that ends with its request's context, or when it is closed.
type responseBody struct {
	ctx  context.Context // of the request: as in net/http, it bounds the reading as well
	body io.Reader
	done atomic.Bool // closed
}

func (b *responseBody) Read(p []byte) (int, error) {
	if b.done.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	return b.body.Read(p)
}

func (b *responseBody) Close() error {
	b.done.Store(true)
	return nil
}
