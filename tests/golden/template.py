#!/usr/bin/env python3
"""Writes tests/golden/template/: what transformers renders. Needs transformers and jinja2, and the folder of templates.

usage: template.py FOLDER_OF_TEMPLATES

conversations.jsonl  random conversations, the variables of a template, one a line
hashes.txt           a line a template: its name, and for each conversation 16 digits of the SHA-256 of what it renders,
                     or "error"
features.txt         a line a template of our own: it, and behind a tab "=" and its output or "!"; both C-escaped
features.json        the variables of these
"""
import datetime
import hashlib
import json
import os
import random
import re
import sys

from transformers.utils import chat_template_utils

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'template')
NOW = ['2024-01-01']
REAL = datetime.datetime


class Clock(REAL):
    @classmethod
    def now(cls, tz=None):
        return REAL.fromisoformat(NOW[0])


chat_template_utils.datetime = Clock


def render(source, variables):
    """What apply_chat_template() returns; None where it raises."""
    variables = dict(variables)
    NOW[0] = variables.pop('now', '2024-01-01')
    try:
        out, _ = chat_template_utils.render_jinja_template(
            conversations=[variables.pop('messages')], chat_template=source, **variables)
        out[0].encode()
        return out[0]
    except Exception:
        return None


# ---- random conversations ----

WORDS=['hello','Write a function','  leading','trailing  \n','über','日本語','😀👩‍👩‍👧','<b>&"quoted"\'</b>','{{ not }}','{% raw %}','<|im_end|>','</think>','<think>hm</think>ok','a\nb\n\nc','\ttab','','x'*50,'It\'s','back\\slash','\u00a0nbsp\u3000','```py\nprint(1)\n```','<tool_call>','[INST]','e\u0301','\x7f','1','null','\r\n']
def text(r): return ' '.join(r.choice(WORDS) for _ in range(r.choice([0,1,1,2,3])))
def value(r,d=0):
    k=r.randrange(11 if d<3 else 8)
    if k==0: return text(r)
    if k==1: return r.choice([0,1,-5,42,2**53+1,2**70,-2**63,10**25])
    if k==2: return r.choice([0.5,1e-07,1e22,3.14,-0.0,100.0,1e16,123456789.123])
    if k==3: return r.choice([True,False])
    if k==4: return None
    if k in(5,6,7): return r.choice(WORDS)
    if k==8: return [value(r,d+1) for _ in range(r.randrange(4))]
    return {r.choice(['a','b','items','keys','x y','日','"q"','type','name','values','get']):value(r,d+1) for _ in range(r.randrange(4))}
def schema(r,d=0):
    t=r.choice(['string','integer','number','boolean','array','object',['string','null']])
    s={'type':t}
    if r.random()<.7: s['description']=text(r)
    if r.random()<.2: s['enum']=[value(r,3) for _ in range(r.randrange(4))]
    if r.random()<.15: s['default']=value(r,2)
    if r.random()<.1: s['nullable']=r.choice([True,False])
    if t=='array' and r.random()<.8: s['items']=schema(r,d+1) if d<2 else {'type':'string'}
    if t=='object':
        s['properties']={r.choice(['p','q','items','name','type']):(schema(r,d+1) if d<2 else {'type':'string'}) for _ in range(r.randrange(3))}
        if r.random()<.5: s['required']=list(s['properties'])[:1]
        if r.random()<.2: s['additionalProperties']=r.choice([True,False,{'type':'string'}])
    if r.random()<.1: s['anyOf']=[{'type':'string'},{'type':'integer'}]
    return s
def tool(r,i):
    f={'name':r.choice(['get_weather','run','search_files','naïve'])+(str(i) if r.random()<.5 else '')}
    if r.random()<.9: f['description']=text(r)
    if r.random()<.93:
        props={n:schema(r) for n in r.sample(['city','unit','items','path','count','opts'],r.randrange(4))}
        f['parameters']={'type':'object','properties':props}
        if r.random()<.7: f['parameters']['required']=list(props)[:r.randrange(3)]
        if r.random()<.1: f['parameters']={}
    if r.random()<.1: f['return']={'type':'string','description':'r'}
    if r.random()<.1: f['strict']=True
    if r.random()<.08: return f
    return {'type':'function','function':f}
def parts(r):
    out=[]
    for _ in range(r.randrange(1,4)):
        k=r.random()
        if k<.7: out.append({'type':'text','text':text(r)})
        elif k<.8: out.append({'type':'image'})
        elif k<.87: out.append({'type':'image_url','image_url':{'url':'http://x/y.png'}})
        elif k<.92: out.append({'type':'video','video':'v'})
        else: out.append({'type':r.choice(['audio','odd','thinking']),'thinking':text(r),'text':text(r)})
    return out
def content(r,p=.12):
    k=r.random()
    if k<p: return parts(r)
    if k<p+.03: return None
    return text(r)
def call(r,i,names):
    a={r.choice(['city','n','items','opt','flag','code']):value(r) for _ in range(r.randrange(4))}
    if r.random()<.25: a=json.dumps(a,ensure_ascii=r.random()<.5)
    c={'name':r.choice(names),'arguments':a}
    if r.random()<.1: return c
    c={'type':'function','function':c}
    if r.random()<.6: c['id']=r.choice(['call_%d'%i,'abcdefgh%d'%(i%10),'functions.run:%d'%i])
    if r.random()<.05: del c['type']
    return c
def conversation(r):
    v={}
    m=[]
    if r.random()<.5: m.append({'role':r.choice(['system','system','system','developer']),'content':content(r,.1)})
    tools=[tool(r,i) for i in range(r.randrange(1,4))] if r.random()<.45 else None
    names=[(t.get('function') or t)['name'] for t in tools] if tools else ['f','g']
    for turn in range(r.choice([1,1,1,2,3,4])):
        m.append({'role':'user','content':content(r)})
        if turn and r.random()<.05: continue
        if r.random()<(.45 if tools else .06):
            for _ in range(r.choice([1,1,2])):
                cs=[call(r,i,names) for i in range(r.choice([1,1,1,2,3]))]
                a={'role':'assistant','content':r.choice([None,'',text(r)]),'tool_calls':cs}
                if r.random()<.1: del a['content']
                if r.random()<.25: a[r.choice(['reasoning_content','thinking','reasoning'])]=text(r)
                m.append(a)
                for c in cs:
                    t={'role':r.choice(['tool','tool','tool','ipython']),'content':r.choice([text(r),json.dumps(value(r)),text(r)])}
                    if r.random()<.15: t['content']=value(r)
                    if r.random()<.6 and 'id' in c: t['tool_call_id']=c['id']
                    if r.random()<.5: t['name']=r.choice(names)
                    m.append(t)
        if r.random()<.75:
            a={'role':'assistant','content':content(r,.08)}
            if r.random()<.25: a[r.choice(['reasoning_content','thinking','reasoning'])]=r.choice([text(r),text(r),None])
            if r.random()<.1: a['content']='<think>\n'+text(r)+'\n</think>\n\n'+text(r)
            if r.random()<.05: a['tool_calls']=r.choice([[],None])
            m.append(a)
    if r.random()<.6: m.append({'role':'user','content':content(r)})
    if r.random()<.03: m.insert(r.randrange(len(m)+1),{'role':r.choice(['weird','function','critic']),'content':text(r)})
    if r.random()<.02: m=[]
    v['messages']=m
    if tools is not None or r.random()<.2: v['tools']=tools
    if r.random()<.03: v['tools']=[]
    if r.random()<.1: v['documents']=[{'title':text(r),'text':text(r),'doc_id':i} for i in range(r.randrange(3))]
    if r.random()<.8: v['add_generation_prompt']=r.random()<.75
    if r.random()<.85: v['bos_token']=r.choice(['<s>','<|begin_of_text|>',''])
    if r.random()<.85: v['eos_token']=r.choice(['</s>','<|im_end|>'])
    for k,c in [('enable_thinking',[True,False]),('thinking',[True,False]),('reasoning_effort',['low','high','medium','none']),('preserve_thinking',[True]),('date_string',['26 Jul 2024']),('tools_in_user_message',[True,False]),('builtin_tools',[['code_interpreter','brave_search'],[]]),('xml_tools',[[]]),('custom_tools',[None]),('thinking_budget',[0,512,-1,1024]),('available_tools',[None]),('model_identity',['I am']),('safety_mode',['none','strict']),('citations',['off']),('strict',[True]),('add_vision_id',[True])]:
        if r.random()<.12: v[k]=r.choice(c)
    v['now']=r.choice(['2024-07-26T09:05:03','2025-01-02','2025-12-31T23:59:59.5'])
    return v


# ---- features, a small template each ----

V={'wide':{'text':'A well-known line -- of some length--that goes on, and on, behind the column eighty.\nAnother\twith an antidisestablishmentarianistic word.\n','keys':{'b':'x'*30,'a':['y'*30,'z'*30],'c':{'q':1}}},'s':'Hello World','u':'straße ΑΣ ǆ İı','e':'','n':5,'f':2.5,'big':2**70,'l':[3,1,2],'ls':['b','A','c'],'d':{'b':1,'a':2,'items':3},'dd':[{'n':'x','v':2},{'n':'Y','v':1},{'n':'x','v':3},{'v':None}],'t':True,'z':None,'nest':{'a':{'b':[1,{'c':'d'}]}},'m':'<b>&"\'','fl':[0.1]*10,'mix':[1,'a',None,2.0,True,[1],{'k':'v'}],'messages':[],'now':'2024-07-06T09:05:03','txt':'line1\nline2\n\nline4','ws':' \u00a0\u3000x\x1c\n','num':'42.7'}
EX=[]
def ex(*a): EX.extend('{{ %s }}'%x for x in a)
def st(*a): EX.extend(a)
ex('s|upper','u|upper','u|lower','u|title','u|capitalize','u.swapcase()','u.title()','"they\'re x1a 2b ﬁn"|title','"a-b (c) [d] {e} <f>g"|title','"ﬁn".capitalize()','"ΑΣΑΣ ΑΣ."|lower','s.casefold()')
ex('s|trim("Hd")','ws|trim','ws.strip()|length','ws.lstrip()','s.strip("dH")','s.strip(none)','s.strip(1)','"  a b  c ".split()','"  a b  c ".split(" ")','"a,b,c".split(",",1)','"a,b,c".rsplit(",",1)','" a b c ".split(none,1)','" a b c ".rsplit(none,1)','" a b c ".rsplit(maxsplit=1)','"abc".split("")','"abc".split(1)','"abc".partition("b")','"abc".rpartition("x")','"abc".partition("x")','txt.splitlines()','"a\\r\\nb\\x0bc\\u2028d".splitlines()','txt.splitlines(true)')
ex('"aXbXc".replace("X","-")','"abc".replace("","-")','"abc".replace("","-",2)','"aaa".replace("a","b",2)','"aaa".replace("a","b",count=1)','s|replace("l","L")','s|replace("l","L",1)','12321|replace(2,"x")','s.find("o")','s.find("o",5)','s.rfind("o")','s.find("o",-3)','s.index("zz")','s.count("l")','s.count("")','s.count("l",4)','s.startswith("He")','s.startswith(("x","H"))','s.startswith("l",2)','s.endswith("ld")','s.endswith(["d"])','s.removeprefix("He")','s.removesuffix("ld")','s.removesuffix("x")')
ex('"-".join(ls)','"-".join([1])','"-".join("abc")','"-".join(d)','ls|join','l|join(", ")','dd|join(",",attribute="v")','mix|join("|")','z|join','undefinedx|join("a")','5|join','"abc"|join("-")')
ex('"x".center(6,"*")','"xy".center(7)','"abc".center(6)','"x".ljust(3,".")+"|"','"x".rjust(3)','"-5".zfill(5)','"5".zfill(1)','s|center(21)','"a\\tb".expandtabs(4)','"x".center(4,"ab")')
ex('"12".isdigit()','"²".isdigit()','"²".isdecimal()','"½".isnumeric()','"四".isnumeric()','"ab".isalpha()','"a1".isalnum()','"".isalpha()','" \\t".isspace()','"a".isascii()','"".isascii()','"é".isascii()','"a\\n".isprintable()','"x1".isidentifier()','"1x".isidentifier()','"aB".islower()','"AB1".isupper()','"Ab Cd".istitle()','"1".isupper()')
ex('l|sort','l|sort(reverse=true)','ls|sort','ls|sort(case_sensitive=true)','ls|sort(false,true)','dd[:3]|sort(attribute="v")','dd|sort(attribute="v")','dd[:3]|sort(attribute="n,v")','mix|sort','d|sort','"bca"|sort','z|sort','l|reverse','l|reverse|list','"abc"|reverse','d|reverse|list','(l|map("string"))|reverse','l|first','l|last','[]|first','[]|last','"abc"|first','"abc"|last','d|first','d|last','(l|map("string"))|last','(l|map("string"))|first','5|first','[]|first is defined')
ex('l|sum','fl|sum','dd[:3]|sum(attribute="v")','l|sum(start=10)','[[1],[2]]|sum(start=[])','ls|sum','[]|sum','[1,2.5]|sum','l|min','l|max','ls|min','ls|max','ls|max(true)','dd[:3]|max(attribute="v")','[]|max','mix|max','l|unique|list','["a","A","b"]|unique|list','["a","A","b"]|unique(true)|list','[[1]]|unique|list','dd[:3]|unique(attribute="n")|list','[1,1.0,true]|unique|list')
ex('l|batch(2)|list','l|batch(2,"x")|list','l|slice(2)|list','range(7)|slice(3)|list','range(7)|slice(3,"f")|list','l|batch(2)','dd[:3]|groupby("n")','dd[:3]|groupby("n")|list','dd[:3]|groupby("n",case_sensitive=true)','dd|groupby("n",default="q")','dd|groupby("n")','(dd[:3]|groupby("n"))[0].grouper','(dd[:3]|groupby("n"))[0].list','d|dictsort','d|dictsort(reverse=true)','d|dictsort(by="value")','d|dictsort(false,"value",true)','d|dictsort(by="x")','l|dictsort','{"B":1,"a":2}|dictsort','{"B":1,"a":2}|dictsort(true)','{1:2,"a":3}|dictsort')
ex('ls|map("upper")|list','ls|map("upper")','(ls|map("upper"))[0]','ls|map("upper")|length','dd|map(attribute="n")|list','dd|map(attribute="n",default="q")|list','dd|map(attribute="n",bad=1)|list','nest|map("upper")|list','[nest]|map(attribute="a.b.1.c")|list','ls|map("nope")|list','ls|map("nope") is defined','ls|map|list','z|map("upper")|list','5|map("upper")|list','0|map("upper")|list','ls|map("replace","A","Z")|list','ls|map("default",1)|list','ls|map(1)|list','[[1,2]]|map(attribute=1)|list','l|select|list','[0,1,""]|select|list','[0,1,""]|reject|list','l|select("odd")|list','l|reject("odd")|list','l|select("gt",1)|list','l|select("divisibleby",2)|list','l|select("nope")|list','dd|selectattr("v")|list','dd|selectattr("n","defined")|list','dd|selectattr("n","equalto","x")|list','dd|rejectattr("v","none")|list','dd|rejectattr("v")|list','dd|selectattr|list','dd|selectattr("v","gt",1)|list','l|select("in",[1,2])|list')
ex('5|int','"42.7"|int','"abc"|int','"abc"|int(7)','"0x1f"|int(0,16)','"0x1f"|int(base=0)','"1f"|int(base=16)','" 12 "|int','"1_000"|int','"-0"|int','2.9|int','-2.9|int','z|int','z|int(3)','l|int','undefinedx|int','true|int','"inf"|int','"1e3"|int','1e30|int','"٣"|int','""|int','"12"|float','"abc"|float','"abc"|float(1.5)','z|float','"1e3"|float','"nan"|float','"-inf"|float','5|float','true|float','"1_0.5"|float','".5"|float','"5."|float','"1__0"|float','undefinedx|float','"0b11"|int(base=2)','"0o17"|int(base=8)','"007"|int(base=0)')
ex('2.5|round','3.5|round','2.675|round(2)','-2.5|round','5|round','1234|round(-2)','1250|round(-2)','1350|round(-2)','1234.5|round(-2)','2.1|round(0,"ceil")','2.9|round(0,"floor")','2.123|round(2,"ceil")','5|round(0,"ceil")','"a"|round','2.5|round(0,"x")','true|round','-5|abs','-2.5|abs','"a"|abs','big|abs','(-big)|abs','1e308|round(2)','0.15|round(1)','1e22|round(1)')
ex('s|length','d|length','z|length','undefinedx|length','5|length','"日本"|length','d|count','e|default("x")','e|default("x",true)','undefinedx|default','undefinedx|default("q")','z|default("q")','z|d("q",true)','undefinedx.a|default("q")','d.zz|default("q")','m|e','m|escape|e','m|safe','(m|safe)+m','m+(m|safe)','(m|safe)~m','m|forceescape','(m|safe)|e','z|e','m|string','(m|safe) is escaped','[m|safe]','m|urlencode','s|wordcount','s|truncate(5)','s|truncate(5,true)','s|truncate(5,true,"…")','s|truncate(8,leeway=0)','"foo bar baz qux"|truncate(9)','"foo bar baz qux"|truncate(11,leeway=0)','txt|indent','txt|indent(2)','txt|indent(2,true)','txt|indent(2,true,true)','txt|indent("> ")','txt|indent(blank=true)','5|indent','z|indent','undefinedx|indent',"'a\\n'|indent",'"%s-%d"|format("a",3)','"%(a)s"|format(a=1)','"%s"|format()','"%s"|format(1,a=2)','d|items|list','l|items','l|items|list','undefinedx|items|list','l|attr("append")','d|attr("items")','d|attr("b")','s|attr("upper")','s|list','d|list','z|list','5|list','undefinedx|list','l|string','1.0|string','z|string','undefinedx|string')
ex('d|tojson','mix|tojson','big|tojson','1e-7|tojson','1e22|tojson','nest|tojson(indent=2)','nest|tojson(indent="\\t")','[]|tojson(indent=2)','{}|tojson(indent=2)','d|tojson(sort_keys=true)','d|tojson(separators=(",",":"))','d|tojson(separators=[",",":"],indent=1)','u|tojson(ensure_ascii=true)','u|tojson(true)','"😀\\x7f\\x01"|tojson(ensure_ascii=true)','"😀\\x7f\\x01\\b\\f/"|tojson','undefinedx|tojson','m|tojson','(1,2)|tojson','{1:2,none:3,true:4,1.5:5}|tojson','{(1,2):3}|tojson','range(3)|tojson','d.items()|tojson','d.keys()|list|tojson','l|map("string")|tojson','("nan"|float)|tojson','d|tojson(indent=0)','d|tojson(indent=true)','d|tojson(indent=none)','d|tojson(bad=1)','[[],{},[[]]]|tojson(indent=2)','{"a":1,1:2}|tojson(sort_keys=true)','m|safe|tojson')
ex('7//2','-7//2','7//-2','7%3','-7%3','7%-3','-7.5//2','7.5%-2','0.0%-2','7/2','6/2','2**10','2**-1','2**0.5','0**-1','2**100','10**30//7','-(10**30)//7','10**30%7','-(10**30)%7','10**30%-7','big*big','big-big','big+1.5','big/2','big>1e20','big==2**70','big==big+0','2**62*2','2**63-1','-2**63','9223372036854775807+1','-9223372036854775808-1','1/0','1//0','1%0','1.0/0','"a"*3','3*"a"','[1]*2','(1,)*2','"a"*-1','"a"+1','1+"a"','[1]+[2]','[1]+(2,)','(1,)+(2,)','none+1','true+true','not 1','-true','+true','-"a"','- -5','2**3**2','-2**2','1 if 0','(1 if 0) is defined','1 if 1 else 2','1<2<3','1<3<2','3>2>1','1==1.0','true==1','"a"<"b"','"a"<1','[1,2]<[1,3]','[1]<[1,2]','(1,)<(2,)','none<1','none==none','undefinedx==undefinedx','undefinedx==1','undefinedx!=1','undefinedx<1','1 in l','"x" in s','1 in s','"b" in d','[1] in d','1 in z','1 in undefinedx','1 not in l','"ell" in s','l in [l]','not 1 in l','1 in range(3)','"a" in "abc" in ["abc"]')
ex('"a" ~ 1 ~ none ~ undefinedx ~ 1.0','1 + 2 ~ 3','1 ~ 2 + 3','1 ~ 2 * 3','5 - 2 - 1','2 * 3 % 4','"%s" % 1','"%d" % 3.7','"%5.2f|" % 3.14159','"%-5s|" % "a"','"%05d" % 42','"%+d" % 5','"%x" % 255','"%#x" % 255','"%o" % 8','"%e" % 12345.678','"%g" % 1e10','"%%"','"%s %s" % (1,2)','"%s" % (1,2)','"%s %s" % 1','"%(a)s" % {"a":1}','"%r" % "a"','"%c" % "x"','"%5s" % none','"%.2s" % "abc"','"%*d" % (5,3)','"%s" % [1]','"a" % 1','"a" % []','"a" % d','"%z" % 1','"%d" % "a"','"%5.1f%%" % 99.55','"%s" % undefinedx','"%i" % true')
ex('"{} {}".format(1,2)','"{0} {1} {0}".format("a","b")','"{a}".format(a=1)','"{a.b}".format(a={"b":2})','"{a[b]}".format(a={"b":2})','"{0[1]}".format(l)','"{} {0}".format(1)','"{}".format()','"{x}".format()','"{:>5}|".format("a")','"{:^5}|".format("a")','"{:*<5}|".format("a")','"{:05d}".format(42)','"{:5}|".format(42)','"{:,}".format(1234567)','"{:_}".format(1234567)','"{:.2f}".format(3.14159)','"{:,.2f}".format(12345.678)','"{:%}".format(0.25)','"{:.1%}".format(0.255)','"{:x}".format(255)','"{:#x}".format(255)','"{:b}".format(5)','"{:e}".format(12345.678)','"{:g}".format(0.0001)','"{!r}".format("a")','"{!s:>4}|".format(1)','"{{}}".format()','"{".format()','"}".format()','"{:{}}|".format("a",4)','"{:d}".format("a")','"{:s}".format(1)','"{:.3}".format("abcdef")','"{}".format(none)','"{:5}".format(none)','"{}".format(true)','"{:d}".format(true)','"{:+}".format(3)','"{: }".format(3)','"{:.3}".format(3.14159)','"{:5.1f}|".format(2.25)','"{0.__class__}".format("a")','"{a}".format_map({"a":1})','"{}".format(1.0)','"{}".format([1,"a"])','"{:n}".format(5)')
ex('l[0]','l[-1]','l[5]','l[5].x','l["a"]','l[1.0]','l[none]','s[0]','s[-1]','s[99]','u[3]','d.b','d["b"]','d.items','d["items"]','d.zz','d.zz.y','d["zz"]','d[[1]]','nest.a.b[1].c','nest.a.b.1.c','l.0','l.append','l.append(1)','l.pop()','d.pop("a")','d.update({})','d.setdefault','d.clear()','l.sort()','l.copy()','l.index(1)','l.index(9)','l.count(3)','d.get("b")','d.get("q")','d.get("q",5)','d.get("q",default=5)','d.get()','d.keys()','d.values()','d.items()','d.keys()|list','d.items()|list','d.items()[0]','d.copy()','s.__class__','s.__class__.__mro__','d.__class__','"".__len__()','s.foo','s.foo.bar','s.foo()','s.upper','s.upper() is defined','z.foo','z.foo.bar','5 .bit_length()','f.is_integer()','undefinedx','undefinedx.a','undefinedx["a"]','undefinedx()','undefinedx[0]','undefinedx[:1]','s[1:3]','s[::-1]','s[:-2]','s[::2]','s[10:2]','s[5:1:-1]','u[::-1]','l[1:]','l[::-1]','l[:0]','(1,2,3)[1:]','range(10)[2:8:3]','range(10)[::-1]','range(5)','range(1,10,3)','range(5)|list','range(0)|list','range(5,0,-2)|list','range(1000000)','range("a")','range(1,5,0)','range(5)[1]','range(5)[9]','l[::0]','z[1:2]','5[1]','d[1:2]','l[1,2]','{(1,2):3}[1,2]','[1,2][true]','s["upper"]()','d["keys"]()','l["append"]')
ex('{"a":1,"a":2}','{1:"a",true:"b"}','{[1]:2}','[1,"a",none,true,1.5,(1,),(),{}]','("a\\"b")',"['it\\'s']","['a\"b', 'both\\'\"']","['\\n\\t\\\\\\x00\\x7f\\u00a0\\u200b\\ue000😀é']",'(1,)','()','[(1,2)]','1e-7','1e16','1e15','123456789012345678.0','0.1+0.2','1e300*1e10','-0.0','1.0','100.0','1_000','0x1F','0b101','0o17','1e5','1.5e3','2.50','00','007','"a" "b"',"'\\x41\\u0042\\103'","'\\q'",'true','True','none','None','false','namespace(a=1)','namespace(a=1).a','namespace({"a":1},b=2).b','namespace(a=1)["a"]','dict(a=1)','dict({"a":1},b=2)','dict([["a",1]])','dict(1)','namespace().x','cycler("a","b").next()','joiner(",")()','range is callable','x is callable','none is none','0 is none')
ex('n is odd','n is even','f is odd','"a" is odd','n is divisibleby 5','n is divisibleby(0)','s is string','n is number','t is number','t is integer','t is boolean','n is integer','f is float','d is mapping','d is sequence','s is sequence','l is sequence','5 is sequence','range(3) is sequence','d.keys() is sequence','l|map("string") is sequence','l|map("string") is iterable','5 is iterable','z is iterable','undefinedx is iterable','undefinedx is sequence','undefinedx is mapping','undefinedx is callable','s.upper is callable','undefinedx is defined','z is defined','d.zz is defined','d.zz.y is defined','t is true','t is false','1 is true','n is sameas 5','z is sameas none','t is sameas true','1 is sameas true','s is eq "Hello World"','n is ne 5','n is gt 3','n is lt 3','n is ge 5','n is lessthan 9','n is in [5]','n is in(l)','"x" is lower','"X1" is upper','5 is lower','"upper" is filter','"nope" is filter','"tojson" is filter','"odd" is test','s is not string','s is not none and true','n is == 5','not n is odd','n is odd is even','s is defined and s','n is foo','(n is foo) if false','n|foo','(n|foo) if false else 1','1 if true else n|foo','n is sameas n')
ex('strftime_now("%d %b %Y %H:%M:%S %A %B %j %p %y %-d %e %I %% %f %z|%Z|%a %U %w %x %X %c %D %F %T")','strftime_now("")','strftime_now()','strftime_now(1)','raise_exception("boo")','raise_exception()','raise_exception(1)','raise_exception')
st('{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.previtem is defined }};{% endfor %}','{% for i in [] %}a{% else %}empty{% endfor %}','{% for i in l if i > 1 %}{{ loop.index }}/{{ loop.length }}:{{ i }} {% else %}none{% endfor %}','{% for i in l if i > 9 %}x{% else %}none{% endfor %}','{% for k, v in d.items() %}{{ k }}={{ v }},{% endfor %}','{% for k in d %}{{ k }}{% endfor %}','{% for c in "añb" %}{{ c }}-{% endfor %}','{% for a, b in [[1,2],[3]] %}{{ a }}{{ b }}{% endfor %}','{% for (a, b), c in [[[1,2],3]] %}{{ a }}{{ b }}{{ c }}{% endfor %}','{% for a in 5 %}{% endfor %}','{% for a in none %}{% endfor %}','{% for a in undefinedx %}x{% else %}e{% endfor %}','{% for i in l %}{{ loop.cycle("a","b") }}{{ loop.changed(i > 1) }}{% endfor %}','{% for i in range(5) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}','{% for i in l %}{{ loop }}{% endfor %}','{% for i in l %}{{ loop.foo }}{% endfor %}','{% for i in l %}{% for j in l %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}','{% for i in l recursive %}{{ i }}{% if i > 2 %}{{ loop([1,2]) }}{% endif %}{{ loop.depth }}{% endfor %}','{% for i in l %}{{ loop([1]) }}{% endfor %}','{% for i in [[1,[2]],3] recursive %}{% if i is iterable %}<{{ loop(i) }}>{% else %}{{ i }}@{{ loop.depth0 }}{% endif %}{% endfor %}','{% for x in l, ls %}{{ x }}{% endfor %}','{{ loop }}','{% for i in l %}{% endfor %}{{ i }}','{% break %}','{% for x in 1 if 0 else 2 %}{% endfor %}','{% for loop in l %}{{ loop }}{% endfor %}')
st('{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}','{% set ns = namespace(x=0) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns }}','{% set d.x = 1 %}','{% set q.x = 1 %}','{% set a, b = 1, 2 %}{{ a }}{{ b }}','{% set a, b = 1 %}','{% set (a, b) = (1, 2) %}{{ a }}{{ b }}','{% set a = 1, 2 %}{{ a }}','{% set x %}abc{{ 1 }}{% endset %}{{ x|upper }}','{% set x | upper %}abc{% endset %}{{ x }}','{% set x | replace("a","b") | upper %}abc{% endset %}{{ x }}','{% if true %}{% set y = 1 %}{% endif %}{{ y }}','{% set none = 1 %}','{% set n = n + 1 %}{{ n }}','{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}','{% with a = n %}{% set n = 9 %}{{ n }}{{ a }}{% endwith %}{{ n }}','{% with %}{% set qq = 1 %}{{ qq }}{% endwith %}{{ qq }}','{% filter upper %}abc{{ s }}{% endfilter %}','{% filter upper|replace("A","b") %}abc{% endfilter %}','{% filter nope %}{% endfilter %}','{% generation %}x{% set gg = 1 %}{{ gg }}{% endgeneration %}{{ gg }}','{% raw %}{{ x }}{% if %}{% endraw %}','{%- raw -%}  {{ x }}  {%- endraw -%}  y','{% raw %}\n a\n{% endraw %}\n b','{# comment #}a{#- c -#}  b','a {# c #}\nb','{% print n %}','{% print n, s %}','{% include "x" %}','{% import "x" as y %}','{% extends "x" %}','{% if false %}{% include "x" %}{% endif %}ok','{% do l %}','{% foo %}','{% if %}{% endif %}','{% if 1 %}','{% endif %}','{{ }}','{{ 1','{% if 1 }}','{{ 1 %}','{{ (1 }}','{{ 1) }}','{{ [1,2 }}','{{ {1:2 }}','{{ a b }}','{{ "abc }}','{# abc','{% raw %}abc','{{ 1 if }}','{{ not }}','{{ 1 + }}','{{ a. }}','{{ a[] }}','{{ @ }}','{{ a! }}','{% block q %}x{{ n }}{% endblock %}','{% block q %}x{% endblock q %}','{{ a.b c }}','{{ {} }}','{{ {"a": {"b": 1}} }}','{{ {"a":1}["a"] }}','{{-1}}','{{- 1 -}}','{{+ 1 }}','{{ 1 +}}','{% if n == 5 -%} a {%- elif n %} b {% else %} c {% endif %}','{% if 0 %}a{% elif 1 %}b{% else %}c{% endif %}','{% if a if b else c %}{% endif %}')
st('{% macro m(a, b=2, c=3) %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, c=5) }}{{ m(a=9) }}{{ m() }}{{ m(1,2,3) }}','{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1,2) }}','{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}','{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1,a=2) }}','{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1,2,x=3) }}','{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}','{% macro m(a) %}{{ a.x }}{% endmacro %}{{ m() }}','{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(3) }}','{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(5) }}','{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}hi{{ n }}{% endcall %}','{% macro m() %}[{{ caller(1,2) }}]{% endmacro %}{% call(a,b=5) m() %}{{ a }}{{ b }}{% endcall %}','{% macro m() %}x{% endmacro %}{% call m() %}hi{% endcall %}','{% macro m() %}[{{ caller() }}]{% endmacro %}{{ m() }}','{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}','{% macro m() %}{{ n }}{% endmacro %}{% set n = 3 %}{{ m() }}','{% macro m() %}{% set n = 3 %}{{ n }}{% endmacro %}{{ m() }}{{ n }}','{{ m() }}{% macro m() %}{% endmacro %}','{% macro m() %}a{% endmacro %}{{ m }}{{ m.name }}','{% macro m(a) %}{{ a|upper }}{% endmacro %}{{ m("x")|length }}{{ m("x") ~ 1 }}{{ m("y") is string }}','{% macro m(*a) %}{% endmacro %}','{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1,2]) }}{{ m(**{"a":1,"b":2}) }}{{ m(*[1], b=3) }}{{ m(*[1], **{"b":4}) }}','{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}','{% macro outer() %}{% macro inner() %}in{{ n }}{% endmacro %}{{ inner() }}{% endmacro %}{{ outer() }}','{% if true %}{% macro m() %}x{% endmacro %}{% endif %}{{ m() }}','{% macro m(a=1, b) %}{% endmacro %}','{% call s.upper() %}{% endcall %}','{% macro rec(x, level=0) %}{{ level }}{% if level < 3 %}{{ rec(x, level=level+1) }}{% endif %}{% endmacro %}{{ rec("a") }}')
for a in ['{% if t %}','{%- if t %}','{%+ if t %}','{% if t -%}','{% if t +%}']:
    for b in ['{% endif %}','{%- endif %}','{% endif -%}','{%+ endif %}','{% endif +%}']:
        st('a \n  %s  \n\n x \n  %s \n\n c\n'%(a,b),'%s\n%s\n'%(a,b),' %s x %s y'%(a,b),'\u00a0\n\u3000%sx\n\u00a0%s'%(a,b))
st('a\r\nb\rc\n\n','{{ 1 }}\n','{{ 1 }}\n\n','\n{{ 1 }}','  {{- 1 -}}  \n x','  {# c #}\n  x','  {#- c -#}\n  x','{% set x = 1 %}\n\n{{ x }}','   {% set x = 1 %}   \n{{ x }}','x   {% set x = 1 %}\n{{ x }}','{{ 1 }}   {% if 1 %}a{% endif %}','{% if 1 %}\n   {% if 1 %}\n   a{% endif %}{% endif %}')
st('{% set it = l|map("string") %}{{ it|first }}{{ it|list }}{{ it|list }}','{% if l|select("gt",100) %}yes{% endif %}','{% if [] %}y{% else %}n{% endif %}{% if {} %}y{% else %}n{% endif %}{% if 0.0 %}y{% else %}n{% endif %}{% if d.keys() %}y{% endif %}','{% set ns = namespace(go=true) %}{% for i in l if ns.go %}{{ i }}{% set ns.go = false %}{% endfor %}','{% set c = cycler("a","b") %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set j = joiner("|") %}{{ j() }}{{ j() }}','{{ range(3)|list|tojson }}{{ "%s"|format(range(3)) }}')
ex('nest|pprint','wide|pprint','wide.text|pprint','(wide.text,)|pprint','[wide.text,wide.keys]|pprint','{"b":1,"a":{"d":1,"c":[1]*40}}|pprint','{2:1,"a":2,none:3,1:4}|pprint','"a b"|pprint','undefinedx|pprint','"x"*90|pprint','("x "*60)|pprint','namespace(a=1)|pprint')
ex('wide.text|wordwrap','wide.text|wordwrap(20)','wide.text|wordwrap(5)','wide.text|wordwrap(5,false)','wide.text|wordwrap(12,wrapstring="|")','wide.text|wordwrap(12,break_on_hyphens=false)','"a-b well-known x2-y --z a--b -c- 3-d"|wordwrap(3)','""|wordwrap','"ab"|wordwrap(0)','5|wordwrap','"a\n\n  b c \n"|wordwrap(3)')
ex('"<p class=\'x\'>A  &amp;\n<!-- <b> -->B &lt;&#65;&#x1F600;&#150;&nbsp;C</p> <d"|striptags','"<!-<!-- x -->- y -->z"|striptags','"a<b"|striptags','5|striptags','"a&b;&#0;&#xD800;&amp;amp;"|striptags','"<!-->x-->y"|striptags')
ex('"see http://a.bc/x(y) (www.ex.com). me@ex.org, mailto:a@b.cd! <foo.com> 1.2.3.4 http://1.2.3.4:80/p?q http://[::1]/ a@b@c.de x.info, https://abcdefgh.org)"|urlize','"http://a.bc/defghijk"|urlize(9)','"www.a.bc www."|urlize(none,true,"_t","b a b")','"<http://a.bc/>"|urlize','"@a.bc a@b"|urlize','"http://a"|urlize','z|urlize')
ex('{"a":1,"b":none,"c":undefinedx,"d":"<\'>"}|xmlattr','{"a":1}|xmlattr(false)','{"a b":1}|xmlattr','{}|xmlattr','z|xmlattr','{1:2}|xmlattr')
ex('{"a b":"c/d","e":none}|urlencode','[("a",1),("b","é")]|urlencode','undefinedx|urlencode','[1]|urlencode','5|urlencode')
ex('1|filesizeformat','0|filesizeformat','999|filesizeformat','1000|filesizeformat','"1234567"|filesizeformat','1234567|filesizeformat(true)','1e30|filesizeformat','-5|filesizeformat','1023.9|filesizeformat(binary=true)','"x"|filesizeformat','z|filesizeformat')
ex('5|truncate','undefinedx|truncate','"a b c d e f"|truncate(5,leeway=0)','1_0.0_1','1_000','l|batch(0)|list','"%.3d|%+08.3d|%#.5x"|format(5,5,10)','(5).real','f.imag','t.numerator','dict(undefinedx)','[1] in d','d.keys() in [1]','[0.0]==[-0.0]','"a\\x00b"|length','"a\\x00b"|center(7,"*")','"a\\x00b" ~ "c"','"\\x00".zfill(3)','"%s" % "a\\x00b"')
st('{% macro m(a, b=1) %}{{ caller() }}{% endmacro %}{{ m.arguments }}{{ m.caller }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.name }}','{% macro m() %}{{ kwargs }}{% endmacro %}{% call m() %}x{% endcall %}','{% for x in l %}{% break %}{% else %}E{% endfor %}','{% for x in l %}a{% continue %}{% else %}E{% endfor %}','{% for x in l %}{% if loop.last %}{% break %}{% endif %}{% else %}E{% endfor %}','{% filter length %}abc{% endfilter %}','{% if false %}{{ dict(a=1, a=2) }}{% endif %}','a{#-#} b','a{#+#}\nb','a{#','{% raw +%}x{% endraw %}')


def escape(text):
    return ''.join(chr(b) if 32 <= b < 127 and b != 92 else '\\%03o' % b for b in text.encode())


def write_features():
    with open(os.path.join(HERE, 'features.json'), 'w') as out:
        json.dump(V, out)
        out.write('\n')
    with open(os.path.join(HERE, 'features.txt'), 'w') as out:
        for source in dict.fromkeys(EX):
            answer = render(source, V)
            if answer is None or not ('\0' in answer or re.search(r' at 0x[0-9a-f]+>', answer)):
                out.write(escape(source) + '\t' + ('!' if answer is None else '=' + escape(answer)) + '\n')


def write_conversations(folder):
    r = random.Random(20)
    lines = [json.dumps(conversation(r), ensure_ascii=r.random() < .5) for _ in range(80)]
    with open(os.path.join(HERE, 'conversations.jsonl'), 'w') as out:
        out.write('\n'.join(lines) + '\n')
    with open(os.path.join(HERE, 'hashes.txt'), 'w') as out:
        for name in sorted(n for n in os.listdir(folder) if n.endswith('.jinja')):
            with open(os.path.join(folder, name), newline='') as file:
                source = file.read()
            answers = [render(source, json.loads(line)) for line in lines]
            out.write(' '.join([name] + ['error' if a is None else hashlib.sha256(a.encode()).hexdigest()[:16]
                                         for a in answers]) + '\n')


if __name__ == '__main__':
    write_features()
    write_conversations(sys.argv[1])
