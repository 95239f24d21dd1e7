#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
echo "=== MetalLB Component Status ==="
kubectl get pods -n metallb-system -o wide
kubectl get daemonset -n metallb-system
kubectl get deployment -n metallb-system

echo -e "\n=== MetalLB Configuration ==="
kubectl get ipaddresspool -n metallb-system -o yaml
kubectl get bgppeer -n metallb-system -o yaml
kubectl get l2advertisement -n metallb-system -o yaml
kubectl get bgpadvertisement -n metallb-system -o yaml

echo -e "\n=== LoadBalancer Services ==="
kubectl get svc --all-namespaces -o wide | grep LoadBalancer

echo -e "\n=== BGP Session Status ==="
kubectl exec -n metallb-system daemonset/metallb-speaker -- vtysh -c "show bgp summary"

echo -e "\n=== Speaker Logs ==="
kubectl logs -n metallb-system -l app.kubernetes.io/component=speaker --tail=50

echo -e "\n=== Controller Logs ==="
kubectl logs -n metallb-system -l app.kubernetes.io/component=controller --tail=50

echo -e "\n=== Network Connectivity Tests ==="
for node in $(kubectl get nodes -o jsonpath='{.items[*].status.addresses[?(@.type=="InternalIP")].address}'); do
    echo "Testing connectivity to node $node"
    nc -zv $node 179
done
