#!/bin/sh
# Firmware over the air: the server names a version and its script. A download that broke off is gone on with.
SERVER=http://10.0.2.99:8080
MODEL=cam-2
cd /data || exit 1
wget -q -O update.txt "$SERVER/firmware/$MODEL.txt" || exit 1
read -r version file <update.txt
[ "$version" = "$(sed -n 's/^VERSION_ID=//p' /etc/os-release | tr -d '"')" ] && exit 0
wget -q -c -O update.sh "$SERVER/firmware/$file" || exit 1
sh update.sh
rm -f update.sh
