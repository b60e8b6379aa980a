package server

import (
	"fmt"
	"strings"

	"blackstart/stand-in/internal/component"
	"blackstart/stand-in/internal/say"
)

func (o *Options) startAPI() (*child, error) {
	t := o.Data.TLS
	args := []string{
		"--advertise-address=" + o.IP.String(), "--bind-address=0.0.0.0", fmt.Sprintf("--secure-port=%d", o.Port),
		"--etcd-servers=" + etcdURL, "--etcd-cafile=" + t("etcd", "server-ca.crt"), "--etcd-certfile=" + t("etcd", "client.crt"), "--etcd-keyfile=" + t("etcd", "client.key"),
		"--tls-cert-file=" + t("serving-kube-apiserver.crt"), "--tls-private-key-file=" + t("serving-kube-apiserver.key"), "--client-ca-file=" + t("client-ca.crt"),
		"--kubelet-client-certificate=" + t("client-kube-apiserver.crt"), "--kubelet-client-key=" + t("client-kube-apiserver.key"),
		"--kubelet-certificate-authority=" + t("server-ca.crt"), "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
		"--requestheader-client-ca-file=" + t("request-header-ca.crt"), "--requestheader-allowed-names=system:auth-proxy",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + t("client-auth-proxy.crt"), "--proxy-client-key-file=" + t("client-auth-proxy.key"),
		"--service-account-issuer=https://kubernetes.default.svc." + o.Domain, "--api-audiences=https://kubernetes.default.svc." + o.Domain + ",k3s",
		"--service-account-signing-key-file=" + t("service.key"), "--service-account-key-file=" + t("service.key"),
		"--service-cluster-ip-range=" + o.ServiceCIDR, "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true", "--profiling=false", "--anonymous-auth=false", "--enable-aggregator-routing=true",
	}
	args = append(args, dashes(o.APIArgs)...)
	say.Info("Running kube-apiserver %s", strings.Join(args, " "))
	return start(o.logs(), component.APIServer, args...)
}

func (o *Options) startControllers() (*child, error) {
	t := o.Data.TLS
	args := []string{
		"--kubeconfig=" + o.Data.Cred("controller.kubeconfig"), "--leader-elect=false", "--bind-address=127.0.0.1",
		"--authentication-kubeconfig=" + o.Data.Cred("controller.kubeconfig"), "--authorization-kubeconfig=" + o.Data.Cred("controller.kubeconfig"),
		"--use-service-account-credentials=true", "--service-account-private-key-file=" + t("service.key"), "--root-ca-file=" + t("server-ca.crt"),
		"--cluster-signing-cert-file=" + t("client-ca.crt"), "--cluster-signing-key-file=" + t("client-ca.key"),
		"--allocate-node-cidrs=true", "--cluster-cidr=" + o.PodCIDR, "--service-cluster-ip-range=" + o.ServiceCIDR, "--configure-cloud-routes=false",
		"--profiling=false", "--kube-api-qps=100", "--kube-api-burst=200",
	}
	args = append(args, dashes(o.ControllerArgs)...)
	say.Info("Running kube-controller-manager %s", strings.Join(args, " "))
	return start(o.logs(), component.Controllers, args...)
}

func (o *Options) startScheduler() (*child, error) {
	args := []string{
		"--kubeconfig=" + o.Data.Cred("scheduler.kubeconfig"), "--leader-elect=false", "--bind-address=127.0.0.1", "--profiling=false",
		"--authentication-kubeconfig=" + o.Data.Cred("scheduler.kubeconfig"), "--authorization-kubeconfig=" + o.Data.Cred("scheduler.kubeconfig"),
	}
	args = append(args, dashes(o.SchedArg)...)
	say.Info("Running kube-scheduler %s", strings.Join(args, " "))
	return start(o.logs(), component.Scheduler, args...)
}
