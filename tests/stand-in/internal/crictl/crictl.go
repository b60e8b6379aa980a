// Package crictl is the few words of crictl that tests and k3s's users need, spoken to containerd's CRI socket.
package crictl

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"blackstart/stand-in/internal/paths"
)

var (
	lock  sync.Mutex
	conns = map[string]*grpc.ClientConn{}
)

// Dial gives both halves of the CRI at a socket.
func Dial(socket string) (runtimeapi.RuntimeServiceClient, runtimeapi.ImageServiceClient, error) {
	lock.Lock()
	defer lock.Unlock()
	conn := conns[socket]
	if conn == nil {
		var err error
		if conn, err = grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
			return nil, nil, err
		}
		conns[socket] = conn
	}
	return runtimeapi.NewRuntimeServiceClient(conn), runtimeapi.NewImageServiceClient(conn), nil
}

// Main runs `crictl ARGS` and gives its exit status.
func Main(args []string) int {
	if err := run(args); err != nil {
		fmt.Fprintf(os.Stderr, "time=%q level=fatal msg=%q\n", time.Now().UTC().Format(time.RFC3339), err.Error())
		return 1
	}
	return 0
}

func run(args []string) error {
	top := flag.NewFlagSet("crictl", flag.ContinueOnError)
	socket := top.String("runtime-endpoint", "unix://"+paths.Socket, "the runtime's socket")
	top.StringVar(socket, "r", *socket, "the same")
	wait := top.Duration("timeout", 2*time.Minute, "how long to wait")
	if err := top.Parse(args); err != nil {
		return err
	}
	if top.NArg() == 0 {
		return fmt.Errorf("crictl (stand-in): one of pull, images, pods, ps, stopp, rmp, inspecti, info, version is wanted")
	}
	runtime, images, err := Dial(strings.TrimPrefix(*socket, "unix://"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), *wait)
	defer cancel()
	word := top.Arg(0)
	sub := flag.NewFlagSet(word, flag.ContinueOnError)
	output := sub.String("o", "table", "table or json")
	sub.StringVar(output, "output", "table", "the same")
	all := sub.Bool("a", false, "stopped ones too")
	quiet := sub.Bool("q", false, "only ids")
	if err := sub.Parse(top.Args()[1:]); err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 8, 3, ' ', 0)
	defer table.Flush()
	switch word {
	case "version":
		v, err := runtime.Version(ctx, &runtimeapi.VersionRequest{})
		if err != nil {
			return err
		}
		fmt.Printf("Version:  %s\nRuntimeName:  %s\nRuntimeVersion:  %s\nRuntimeApiVersion:  %s\n", v.Version, v.RuntimeName, v.RuntimeVersion, v.RuntimeApiVersion)
	case "info":
		s, err := runtime.Status(ctx, &runtimeapi.StatusRequest{Verbose: true})
		if err != nil {
			return err
		}
		return show(s)
	case "pull":
		if sub.NArg() != 1 {
			return fmt.Errorf("image name cannot be empty")
		}
		r, err := images.PullImage(ctx, &runtimeapi.PullImageRequest{Image: &runtimeapi.ImageSpec{Image: sub.Arg(0)}})
		if err != nil {
			return fmt.Errorf("pulling image: %w", err)
		}
		fmt.Printf("Image is up to date for %s\n", r.ImageRef)
	case "images", "image", "img":
		r, err := images.ListImages(ctx, &runtimeapi.ListImagesRequest{})
		if err != nil {
			return err
		}
		if *output == "json" {
			return show(r)
		}
		if !*quiet {
			fmt.Fprintln(table, "IMAGE\tTAG\tIMAGE ID\tSIZE")
		}
		for _, i := range r.Images {
			if *quiet {
				fmt.Fprintln(table, i.Id)
				continue
			}
			for _, t := range i.RepoTags {
				cut := strings.LastIndex(t, ":")
				fmt.Fprintf(table, "%s\t%s\t%s\t%dMB\n", t[:cut], t[cut+1:], short(strings.TrimPrefix(i.Id, "sha256:")), i.Size/1000000)
			}
		}
	case "inspecti":
		r, err := images.ImageStatus(ctx, &runtimeapi.ImageStatusRequest{Image: &runtimeapi.ImageSpec{Image: sub.Arg(0)}, Verbose: true})
		if err != nil {
			return err
		}
		if r.Image == nil {
			return fmt.Errorf("no such image %q present", sub.Arg(0))
		}
		return show(r)
	case "pods":
		r, err := runtime.ListPodSandbox(ctx, &runtimeapi.ListPodSandboxRequest{})
		if err != nil {
			return err
		}
		if *output == "json" {
			return show(r)
		}
		if !*quiet {
			fmt.Fprintln(table, "POD ID\tSTATE\tNAME\tNAMESPACE\tATTEMPT")
		}
		for _, p := range r.Items {
			if *quiet {
				fmt.Fprintln(table, p.Id)
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\n", short(p.Id), strings.TrimPrefix(p.State.String(), "SANDBOX_"), p.Metadata.Name, p.Metadata.Namespace, p.Metadata.Attempt)
		}
	case "ps":
		request := &runtimeapi.ListContainersRequest{Filter: &runtimeapi.ContainerFilter{State: &runtimeapi.ContainerStateValue{State: runtimeapi.ContainerState_CONTAINER_RUNNING}}}
		if *all {
			request.Filter = nil
		}
		r, err := runtime.ListContainers(ctx, request)
		if err != nil {
			return err
		}
		if *output == "json" {
			return show(r)
		}
		if !*quiet {
			fmt.Fprintln(table, "CONTAINER\tIMAGE\tSTATE\tNAME\tPOD ID")
		}
		for _, c := range r.Containers {
			if *quiet {
				fmt.Fprintln(table, c.Id)
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", short(c.Id), c.Image.Image, strings.TrimPrefix(c.State.String(), "CONTAINER_"), c.Metadata.Name, short(c.PodSandboxId))
		}
	case "stopp", "rmp":
		for _, id := range sub.Args() {
			if word == "stopp" {
				_, err = runtime.StopPodSandbox(ctx, &runtimeapi.StopPodSandboxRequest{PodSandboxId: id})
			} else {
				_, err = runtime.RemovePodSandbox(ctx, &runtimeapi.RemovePodSandboxRequest{PodSandboxId: id})
			}
			if err != nil {
				return err
			}
			fmt.Println(word, id)
		}
	default:
		return fmt.Errorf("crictl (stand-in): %q is not played", word)
	}
	return nil
}

func show(v any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func short(id string) string {
	if len(id) > 13 {
		return id[:13]
	}
	return id
}
