/**
 * Words that carry grammar and stand in nearly every sentence, of languages in Latin letters, by ISO 639-3 code. Three or four of them tell the
 * language of a short question, where statistics of letters need a paragraph.
 */
export const functionWords: Readonly<Record<string, string>> = {
  eng: 'the of and to in is are was were that it for on with as by this be from or at which an you your not have has what how why can could would should do does did who whose when where write give make explain describe if there about between into one its than their my me they he she his her we our some any all also but more each following',
  deu: 'der die das und ist sind war ein eine einen einem einer nicht mit auf für von zu im den dem des sich auch wie was warum wer kann können ich sie wir ihr oder aber wenn bei nach über aus wird werden haben hat dass einem zum zur es',
  fra: 'le la les des du de et est sont un une dans pour que qui quoi pas ne sur avec au aux par plus ce cette ces il elle nous vous je comment pourquoi ou mais si être avoir fait sa son ses leur quel quelle quels qu en',
  spa: 'el la los las de del es son un una en que por para con no se su sus al lo como más pero qué cómo cuál quién cuando donde este esta estos ser hay si sobre entre me te nos muy ha han también',
  por: 'os as de do da dos das são um uma em no na nos nas que por para com não se seu sua ao como mais mas qual quem quando onde este esta isso ser há sobre entre me muito você também ou pelo pela está',
  ita: 'il lo la gli le di del della dei delle sono un uno una in che per con non si su al alla come più ma quale chi quando dove questo questa essere ci sul nel nella anche perché cosa ha hanno da dal mi',
  nld: 'de het een en is zijn was van in op met voor niet dat die te aan ook als maar bij door naar over uit wordt worden hebben heeft ik je jij wij zij hij wat hoe waarom wie kan kunnen of om er dit deze geen',
  swe: 'och det att en ett är som på av för med till den har inte om var jag du vi de han hon kan ska vad hur varför vem när där från eller men så också detta dessa',
  dan: 'og det at en et er som på af for med til den har ikke om var jeg du vi de han hun kan skal hvad hvordan hvorfor hvem når hvor fra eller men så også denne disse',
  nob: 'og det at en et er som på av for med til den har ikke om var jeg du vi de han hun kan skal hva hvordan hvorfor hvem når hvor fra eller men så også denne disse ble',
  fin: 'ja on ei se että en hän oli ovat mitä miten miksi kuka kun jos mutta tai myös kuin niin tämä joka minä sinä me he ole olla voi mikä sekä',
  pol: 'na do nie się jest to że od jak co dla po przez ale czy są był była być jego jej ich tym tego który która które dlaczego kto kiedy gdzie lub oraz może',
  ces: 'na do se je to že jak co pro po ale jsou byl byla být jeho její jejich tím toho který která které proč kdo kdy kde nebo může není si jsem ve ze',
  tur: 've bir bu da de için ile ne nasıl neden kim mi mı mu var yok olan olarak daha çok gibi en ama veya değil ben sen biz siz onlar kadar her nedir hangi',
  ron: 'și de la în un este sunt cu pe nu că se din pentru ce cum care mai dar sau al ale lui ei el ea noi voi eu când unde fi fost prin are au',
  hun: 'az és nem hogy egy is van ez de meg ki mi ha vagy mint már csak azt volt lesz én te mit hogyan miért mikor hol kell lehet',
  ind: 'yang dan di ke dari untuk dengan ini itu adalah pada tidak apa bagaimana mengapa siapa atau akan oleh dalam sebagai juga saya anda kami mereka bisa dapat karena ada',
  vie: 'và của là có không cho trong được với các một những này đó thì người như tôi bạn làm gì khi đã sẽ về từ nào hay vì',
};
