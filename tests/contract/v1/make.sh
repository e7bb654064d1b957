#!/bin/sh
# Makes the golden files of docs/link-protocol.md with jq and sha256sum, so that no expected byte comes from our own code.
# Append-only once version 1 is in the field: add files, never change one.
set -eu
cd "$(dirname "$0")"
epoch=5f0c9d1be2a84733a6d0c1f2e3b4a596
centre=0d9c8b7a6f5e4d3c2b1a09f8e7d6c5b4
zeros=0000000000000000000000000000000000000000000000000000000000000000
boot=b7e6a1f0-1c2d-4e3f-8a9b-0c1d2e3f4a5b

record() { # seq prev id kind at clock_ok mono_ms body
    jq -cSjn --arg epoch "$epoch" --arg boot "$boot" --argjson seq "$1" --arg prev "$2" --arg id "$3" --arg kind "$4" \
        --arg at "$5" --argjson clock_ok "$6" --argjson mono_ms "$7" --argjson body "$8" \
        '{v:1,$epoch,$seq,$prev,$id,$kind,$at,$clock_ok,$boot,$mono_ms,$body}'
}
hash() { printf '%s' "$1" | sha256sum | cut -d' ' -f1; }
small() { jq -cSj . > "$1"; }

r1=$(record 1 "$zeros" 019ab3c4-0001-7a01-8b02-0c0d0e0f1011 session 2026-11-24T03:33:07.042Z true 123456 \
    '{"session_id":"019ab3c4-0001-7a01-8b02-0c0d0e0f1099","phase":"opened","staff_code":"ST010000019","kind":"retrieve"}')
r2=$(record 2 "$(hash "$r1")" 019ab3c4-0002-7a01-8b02-0c0d0e0f1012 movement 2026-11-24T03:33:09.500Z true 125914 \
    '{"box_code":"BX01000042K","action":"take_out","place_key":null,"staff_code":"ST010000019","reason":"借阅 \"原件\"\n第2册 \\ é 🗄"}')
r3=$(record 3 "$(hash "$r2")" 019ab3c4-0003-7a01-8b02-0c0d0e0f1013 movement 2026-11-24T03:40:00.000Z false 536414 \
    '{"box_code":"BX01000042K","action":"put_away","place_key":"A-07-A-3-4-12","staff_code":"ST010000019"}')
printf '%s' "$r1" > record_1.json
printf '%s' "$r2" > record_2.json
printf '%s' "$r3" > record_3.json
printf '%s\n%s\n%s\n' "$(hash "$r1")" "$(hash "$r2")" "$(hash "$r3")" > record_hashes.txt

header=$(jq -cSjn --arg epoch "$epoch" --arg centre "$centre" \
    '{v:1,batch:"00f1e2d3c4b5a697",$centre,count:3,$epoch,first:1,head:7}')
printf '%s\n%s\n%s\n%s' "$header" "$r1" "$r2" "$r3" > batch.ndjson
jq -cSjn --arg epoch "$epoch" '{v:1,batch:"0000000000000001",centre:null,count:0,$epoch,first:4,head:3}' > greeting.ndjson

jq -n --arg epoch "$epoch" --arg centre "$centre" --arg h "$(hash "$r3")" \
    '{v:1,batch:"00f1e2d3c4b5a697",$centre,$epoch,state:"ok",through:3,through_hash:$h,safe:1,fork_at:null,reason:""}' | small ack_ok.json
jq -n --arg epoch "$epoch" --arg centre "$centre" --arg h "$(hash "$r1")" \
    '{v:1,batch:"00f1e2d3c4b5a697",$centre,$epoch,state:"fork",through:1,through_hash:$h,safe:0,fork_at:2,reason:"record 2 is another one here"}' | small ack_fork.json

printf '{"v":1,"ask":"a1b2c3d4e5f60718","centre":"%s","after":41}' "$centre" | small feed_ask.json
printf '{"v":1,"type":"head","centre":"%s","revision":44}' "$centre" | small feed_head.json
room='{"id":"r01","name":"成都高新供电中心档案室","number":"01"}'
box='{"code":"BX01000042K","title":"档案盒 0042","customer_no":"5101000042","customer_name":"锦江区水碾河社区","state":"in_hand","place_key":null,"holder_code":"ST010000019","since":"2026-11-24T03:33:09.500Z"}'
part() { # kind key revision body
    jq -cSjn --arg kind "$1" --arg key "$2" --argjson revision "$3" --argjson body "$4" '[$kind,$key,$revision,$body]' | sha256sum | cut -d' ' -f1
}
p1=$(part room r01 42 "$room" | tr a-f A-F)
p2=$(part box BX01000042K 44 "$box" | tr a-f A-F)
digest=$(echo "obase=16;ibase=16;($p1+$p2)%1$zeros" | BC_LINE_LENGTH=0 bc | tr A-F a-f)
digest=$(printf '%64s' "$digest" | tr ' ' 0)
jq -n --arg epoch "$epoch" --arg centre "$centre" --arg digest "$digest" --argjson room "$room" --argjson box "$box" \
    '{v:1,type:"page",ask:"a1b2c3d4e5f60718",$centre,after:41,revision:44,head:44,$digest,up_epoch:$epoch,rows:[
      {kind:"room",key:"r01",revision:42,body:$room,as_of_up:0},
      {kind:"task",key:"019ab3c4-0009-7a01-8b02-0c0d0e0f1019",revision:43,body:null,as_of_up:0},
      {kind:"box",key:"BX01000042K",revision:44,body:$box,as_of_up:3}]}' | small feed_page.json
printf '%s\n' "$digest" > feed_digest.txt

printf '{"v":1,"id":"019ab3c4-0010-7a01-8b02-0c0d0e0f1020","kind":"propose_aisle","issued_at":"2026-11-24T03:33:07.042Z","ttl_ms":5000,"asked_by":"李雷","body":{"box_code":"BX01000042K"}}' | small command.json
printf '{"v":1,"id":"019ab3c4-0010-7a01-8b02-0c0d0e0f1020","result":"prompted","reason":null,"detail":{"bank":"A","aisle":7},"answered_at":"2026-11-24T03:33:07.050Z"}' | small answer.json
printf '{"v":1,"state":"online","at":"2026-11-24T03:33:07.042Z","boot":"%s","epoch":"%s","version":"0.1.0"}' "$boot" "$epoch" | small presence_gateway.json
printf '{"v":1,"state":"offline","at":"2026-11-24T03:33:07.042Z","centre":"%s"}' "$centre" | small presence_centre.json
